"""What to label next and likely label errors, from made-up probabilities: laws that must hold whatever they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.annotation.label_errors import likely_errors
from m3n_studio.annotation.said import Labelled, Said
from m3n_studio.annotation.suggest import confident, next_to_label
from m3n_studio.errors import ValueProblem

CLASSES = ("walk", "sit", "run", "turn")
HOP_S = 0.25


def probabilities(rng, truth, *, sure=0.8, noise=0.05):
    """A model that gives the truth about `sure`; the rest goes to the others by chance."""
    out = rng.dirichlet(np.ones(len(CLASSES)), len(truth)) * (1 - sure)
    out[np.arange(len(truth)), truth] += sure
    out = np.abs(out + rng.normal(0, noise, out.shape))
    return out / out.sum(axis=1, keepdims=True)


def made(seed, *, sessions=3, stretches=12, labelled=0.5, gap=True):
    """Sessions of stretches of 2 to 6 s, some labelled rightly; and the truth of every stretch."""
    rng = np.random.default_rng(seed)
    said = []
    for s in range(sessions):
        cells = rng.integers(8, 25, stretches)
        kinds = rng.integers(0, len(CLASSES), stretches)
        truth = np.repeat(kinds, cells)
        p = probabilities(rng, truth, sure=rng.uniform(0.3, 0.8))
        if gap:
            at = int(rng.integers(0, len(p) - 8))
            p[at : at + 6] = np.nan
        edges = np.concatenate([[0], np.cumsum(cells)]) * HOP_S
        labels = tuple(
            Labelled(float(edges[i]), float(edges[i + 1]), CLASSES[kinds[i]], f"{s}.{i}")
            for i in range(stretches) if rng.random() < labelled
        )  # fmt: skip
        said.append(Said(f"s{s}", np.arange(len(p)) * HOP_S, HOP_S, p, labels))
    return said


seeds = st.integers(0, 10_000)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_nothing_is_suggested_over_labels_or_gaps_and_nothing_twice(seed):
    said = {s.session: s for s in made(seed)}
    for found in (next_to_label(list(said.values()), CLASSES), confident(list(said.values()), CLASSES, least=0.5)):
        for x in found:
            s = said[x.session]
            assert all(x.end_s <= a.start_s + 1e-9 or x.start_s >= a.end_s - 1e-9 for a in s.labels)
            inside = (s.time_s + HOP_S > x.start_s + 1e-9) & (s.time_s < x.end_s - 1e-9)
            assert np.isfinite(s.probability[inside]).all()
            assert x.end_s - x.start_s >= 1.0 - 1e-9
            assert 0 <= x.confidence <= 1
            assert x.reasons
        for i, x in enumerate(found):
            assert not any(y.session == x.session and y.start_s < x.end_s - 1e-9 and x.start_s < y.end_s - 1e-9
                           for y in found[i + 1 :])  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(seeds, st.permutations(range(3)))
def test_the_order_of_sessions_and_labels_does_not_matter(seed, order):
    said = made(seed)
    mixed = [Said(s.session, s.time_s, s.hop_s, s.probability, s.labels[::-1]) for s in (said[i] for i in order)]
    assert next_to_label(mixed, CLASSES) == next_to_label(said, CLASSES)
    assert confident(mixed, CLASSES, least=0.5) == confident(said, CLASSES, least=0.5)
    assert likely_errors(mixed, CLASSES, window_s=2.0) == likely_errors(said, CLASSES, window_s=2.0)


@settings(max_examples=20, deadline=None)
@given(seeds, st.permutations(range(len(CLASSES))))
def test_the_order_of_classes_does_not_matter(seed, order):
    said = made(seed)
    names = tuple(CLASSES[i] for i in order)
    turned = [Said(s.session, s.time_s, s.hop_s, s.probability[:, order], s.labels) for s in said]

    def heard(found):
        return [(x.session, round(x.start_s, 6), round(x.end_s, 6), x.label, round(x.score, 6)) for x in found]

    assert heard(next_to_label(turned, names)) == heard(next_to_label(said, CLASSES))
    assert [(x.id, x.kind, x.proposed, x.edge, x.to_s) for x in likely_errors(turned, names, window_s=2.0)] == [
        (x.id, x.kind, x.proposed, x.edge, x.to_s) for x in likely_errors(said, CLASSES, window_s=2.0)
    ]


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(0, 35), st.integers(1, 3))
def test_a_true_label_made_another_is_the_likeliest_error(seed, which, by):
    rng = np.random.default_rng(seed)
    cells, said = 16, []
    for s in range(3):
        kinds = np.arange(12) % len(CLASSES)
        p = probabilities(rng, np.repeat(kinds, cells), sure=0.6, noise=0.02)
        labels = []
        for i in range(12):
            wrong = s * 12 + i == which
            name = CLASSES[(kinds[i] + by * wrong) % len(CLASSES)]
            labels.append(Labelled(i * cells * HOP_S, (i + 1) * cells * HOP_S, name, f"{s}.{i}"))
        said.append(Said(f"s{s}", np.arange(len(p)) * HOP_S, HOP_S, p, tuple(labels)))
    found = likely_errors(said, CLASSES, window_s=1.0)
    first = found[0]
    assert first.id == f"{which // 12}.{which % 12}"
    assert first.kind == "class"
    assert first.proposed == CLASSES[which % 12 % len(CLASSES)]
    assert [e.id for e in found if e.kind == "class"] == [first.id]


def two(edge_s, true_s=10.0, end_s=20.0, names=("walk", "sit")):
    """Two labels that meet at one time while what happens changes at another."""
    rng = np.random.default_rng(1)
    n = round(end_s / HOP_S)
    truth = np.where(np.arange(n) * HOP_S < true_s, 0, 1)
    labels = (Labelled(0.0, edge_s, names[0], "a"), Labelled(edge_s, end_s, names[1], "b"))
    return Said("s", np.arange(n) * HOP_S, HOP_S, probabilities(rng, truth), labels)


@pytest.mark.parametrize("edge_s", [7.5, 12.5])
def test_a_misplaced_edge_is_found_and_where_it_should_be(edge_s):
    (found,) = likely_errors([two(edge_s)], CLASSES, window_s=2.0)
    assert (found.kind, found.id, found.edge, found.beside) == ("edge", "a", "end", "b")
    assert found.to_s == pytest.approx(10.0)
    assert f"{abs(10 - edge_s):.1f} s {'later' if edge_s < 10 else 'earlier'}" in found.evidence


@pytest.mark.parametrize("edge_s", [8.25, 10.0, 11.75])
def test_an_edge_within_a_window_is_left_alone(edge_s):
    assert likely_errors([two(edge_s)], CLASSES, window_s=2.0) == ()


def test_a_label_that_goes_on_too_long_is_trimmed_and_never_made_longer():
    s = two(10.0)
    long = Said("s", s.time_s, HOP_S, s.probability, (Labelled(0.0, 15.0, "walk", "a"),))
    (found,) = likely_errors([long], CLASSES, window_s=2.0)
    assert (found.kind, found.edge, found.to_s, found.proposed) == ("edge", "end", 10.0, "sit")
    short = Said("s", s.time_s, HOP_S, s.probability, (Labelled(0.0, 5.0, "walk", "a"),))
    assert likely_errors([short], CLASSES, window_s=2.0) == ()


def test_two_neighbours_with_each_others_class_are_one_error():
    rng = np.random.default_rng(2)
    truth = np.repeat([0, 1, 0, 1, 0, 1], 24)
    names = ["walk", "sit", "sit", "walk", "walk", "sit"]
    labels = tuple(Labelled(i * 6.0, (i + 1) * 6.0, n, str(i)) for i, n in enumerate(names))
    said = Said("s", np.arange(len(truth)) * HOP_S, HOP_S, probabilities(rng, truth), labels)
    (found,) = likely_errors([said], CLASSES, window_s=2.0)
    assert (found.kind, found.id, found.beside, found.label, found.proposed) == ("swap", "2", "3", "sit", "walk")


def test_the_unsure_comes_before_the_sure_and_ten_are_not_ten_neighbours():
    rng = np.random.default_rng(0)
    sure, unsure = np.tile([0.97, 0.01, 0.01, 0.01], (80, 1)), np.tile([0.4, 0.35, 0.15, 0.1], (160, 1))
    other = np.tile([0.1, 0.1, 0.42, 0.38], (40, 1))
    p = np.concatenate([sure, unsure, sure, other, sure]) + rng.uniform(0, 1e-4, (440, 4))
    said = Said("s", np.arange(440) * HOP_S, HOP_S, p / p.sum(axis=1, keepdims=True))
    found = next_to_label([said], CLASSES, most=10)
    first, second = found[:2]
    assert 20 <= first.start_s < 60
    assert 80 <= second.start_s < 90
    assert "walk 40% or sit 35%" in first.reasons[0]
    assert min(x.score for x in found[:2]) > found[-1].score


def test_disagreement_of_models_and_lack_of_labels_speak_for_a_stretch():
    n = 160
    p = np.tile([0.9, 0.1, 0.0, 0.0], (n, 1))
    other = p.copy()
    other[80:] = [0.05, 0.95, 0.0, 0.0]
    said = Said("s", np.arange(n) * HOP_S, HOP_S, p, (), (other,))
    best = next_to_label([said], CLASSES)[0]
    assert best.start_s >= 20
    assert best.reasons[0] == "models disagree: sit and walk"
    rare = p.copy()
    rare[80:] = [0.1, 0.9, 0.0, 0.0]
    labels = (Labelled(0.0, 15.0, "walk", "a"),)
    best = next_to_label([Said("s", np.arange(n) * HOP_S, HOP_S, rare, labels)], CLASSES)[0]
    assert best.start_s >= 20
    assert best.label == "sit"
    assert "0 s of sit labelled" in best.reasons


def test_confident_stretches_end_where_certainty_does_and_lacking_classes_are_left_out():
    p = np.tile([0.95, 0.05, 0.0, 0.0], (80, 1))
    p[40:44] = [0.6, 0.4, 0.0, 0.0]
    said = Said("s", np.arange(80) * HOP_S, HOP_S, p)
    found = confident([said], CLASSES)
    assert sorted((x.start_s, x.end_s) for x in found) == [(0.0, 10.0), (11.0, 20.0)]
    assert confident([said], CLASSES, without=frozenset({"walk"})) == ()
    assert {x.label for x in next_to_label([said], CLASSES, without=frozenset({"walk"}))} == {"sit"}


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueProblem, match="expected 3 moments"):
        Said("s", np.arange(3.0), 1.0, np.zeros((4, 2)))
    with pytest.raises(ValueProblem, match="other moments"):
        Said("s", np.arange(3.0), 1.0, np.zeros((3, 2)), (), (np.zeros((3, 1)),))
    empty = Said("s", np.empty(0), 1.0, np.empty((0, 2)), (Labelled(0, 1, "walk", "a"),))
    assert next_to_label([empty], CLASSES[:2]) == ()
    assert confident([empty], CLASSES[:2]) == ()
    assert likely_errors([empty], CLASSES[:2], window_s=1.0) == ()
