"""Edits: each by example, then any of them at random: no overlap, time kept, undone by the inverse."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.annotation import operations as ops
from m3n_studio.annotation.model import Annotation
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem
from tests.annotation.made import CLASSES, random_track, seeded, sound, spans, tier, track


def done(start, change):
    after = start.after(change)
    assert after.after(change.inverse()).annotations == start.annotations
    assert change.apply(start.annotations) == after.annotations
    return spans(after)


def test_put_covers_what_is_under_it_and_parts_it():
    t = track(("W", 0, 10))
    change = ops.put(t, "S", 4, 6, author="eva")
    assert done(t, change) == [("W", 0, 4), ("S", 4, 6), ("W", 6, 10)]
    assert change.label == "Label sitting"
    first, new, last = t.after(change)
    assert first.id == "aa"
    assert new.author == "eva"
    assert last.id not in ("aa", new.id)
    t = track(("W", 0, 2), ("S", 2, 3), ("R", 3, 9))
    assert done(t, ops.put(t, "W", 1, 4)) == [("W", 0, 1), ("W", 1, 4), ("R", 4, 9)]


def test_tiers_that_overlap_keep_what_is_under():
    t = track(("W", 0, 10), on=tier(exclusive=False))
    assert done(t, ops.put(t, "S", 4, 6)) == [("W", 0, 10), ("S", 4, 6)]


@pytest.mark.parametrize(("start", "end"), [(1, 1), (2, 1), (1, 1 + 1e-9), (float("nan"), 2), (0, float("inf"))])
def test_what_is_no_stretch_of_time_is_refused(start, end):
    with pytest.raises(ValueProblem):
        ops.put(track(), "W", start, end)


def test_unknown_classes_are_refused():
    with pytest.raises(ValueProblem, match="no class"):
        ops.put(track(), "X", 0, 1)


def test_events_are_toggled():
    t = track(on=tier("event"))
    t = t.after(ops.toggle_event(t, "W", 2.0))
    t = t.after(ops.toggle_event(t, "W", 5.0))
    assert spans(t) == [("W", 2, 2), ("W", 5, 5)]
    assert done(t, ops.toggle_event(t, "W", 2.1, within_s=0.2)) == [("W", 5, 5)]
    assert done(t, ops.put(t, "S", 2, 2)) == [("S", 2, 2), ("W", 5, 5)]
    with pytest.raises(ValueProblem, match="moments"):
        ops.put(t, "W", 0, 1)


def test_contiguous_labels_reach_from_the_last_edge_to_the_cursor():
    t = track()
    t = t.after(ops.label_to(t, "W", 3, from_s=1))
    t = t.after(ops.label_to(t, "S", 7))
    assert spans(t) == [("W", 1, 3), ("S", 3, 7)]
    assert done(t, ops.label_to(t, "R", 5)) == [("W", 1, 3), ("R", 3, 5), ("S", 5, 7)]


def test_split_clear_trim_delete_relabel():
    t = track(("W", 0, 4), ("S", 5, 9))
    assert done(t, ops.split(t, 1)) == [("W", 0, 1), ("W", 1, 4), ("S", 5, 9)]
    assert not ops.split(t, 4)
    assert not ops.split(t, 4.5)
    assert done(t, ops.clear(t, 3, 6)) == [("W", 0, 3), ("S", 6, 9)]
    assert done(t, ops.clear(t, 1, 2)) == [("W", 0, 1), ("W", 2, 4), ("S", 5, 9)]
    assert done(t, ops.clear(t, 0, 9, labels=["S"])) == [("W", 0, 4)]
    assert done(t, ops.trim(t, 3, 6)) == [("W", 3, 4), ("S", 5, 6)]
    first, second = t
    assert done(t, ops.delete(t, [first])) == [("S", 5, 9)]
    change = ops.relabel(t, [first, second], "R", author="eva")
    assert done(t, change) == [("R", 0, 4), ("R", 5, 9)]
    assert {a.id for a in change.add} == {"aa", "ab"}
    with pytest.raises(ValueProblem, match="changed in the meantime"):
        ops.delete(t, [first.with_(end_s=3.0)])


def test_accepting_a_proposal_makes_it_a_persons():
    t = Track.of(tier(), [Annotation("T", "W", 0, 1, "net", "model", 0.7)])
    after = t.after(ops.revise(t, list(t), author="eva", source="person"))
    assert [(a.author, a.source, a.confidence) for a in after] == [("eva", "person", 0.7)]
    after = t.after(ops.relabel(t, list(t), "S", author="eva"))
    assert [(a.author, a.source, a.confidence) for a in after] == [("eva", "person", None)]


def test_neighbours_are_merged_up_to_a_gap():
    t = track(("W", 0, 1), ("W", 1, 2), ("W", 2.5, 3), ("S", 3, 4), ("W", 4, 5))
    assert done(t, ops.merge_neighbours(t, 0, 9)) == [("W", 0, 2), ("W", 2.5, 3), ("S", 3, 4), ("W", 4, 5)]
    assert done(t, ops.merge_neighbours(t, 0, 9, max_gap_s=0.5)) == [("W", 0, 3), ("S", 3, 4), ("W", 4, 5)]
    assert not ops.merge_neighbours(t, 2.2, 9, max_gap_s=0.5)
    whole = list(t)
    assert done(t, ops.merge(t, [whole[0], whole[4]])) == [("W", 0, 5)]
    with pytest.raises(ValueProblem, match="different classes"):
        ops.merge(t, whole)


def test_gaps_are_filled_with_a_class_or_by_neighbours():
    t = track(("W", 1, 2), ("S", 3, 4), ("R", 8, 9))
    assert list(ops.gaps(t, 0, 10)) == [(0, 1), (2, 3), (4, 8), (9, 10)]
    assert done(t, ops.fill_gaps(t, 0, 10, "W", max_gap_s=1)) == [
        ("W", 0, 1), ("W", 1, 2), ("W", 2, 3), ("S", 3, 4), ("R", 8, 9), ("W", 9, 10),
    ]  # fmt: skip
    close = ops.extend_into_gaps
    assert done(t, close(t, 0, 10, max_gap_s=2)) == [("W", 1, 3), ("S", 3, 4), ("R", 8, 9)]
    assert done(t, close(t, 0, 10, side="after")) == [("W", 1, 2), ("S", 2, 4), ("R", 4, 9)]
    assert done(t, close(t, 0, 10, side="both")) == [("W", 1, 2.5), ("S", 2.5, 6), ("R", 6, 9)]


def test_an_edge_pushes_its_neighbour_until_that_is_least_long():
    t = track(("W", 0, 4), ("S", 4, 6), ("R", 8, 9))
    w, s, _ = t
    move = ops.move_edge
    assert done(t, move(t, w, "end", 5)) == [("W", 0, 5), ("S", 5, 6), ("R", 8, 9)]
    assert done(t, move(t, w, "end", 99, least_s=0.5)) == [("W", 0, 5.5), ("S", 5.5, 6), ("R", 8, 9)]
    assert not move(t, w, "end", 5, neighbours="block")
    assert done(t, move(t, w, "end", 8.5, neighbours="overwrite")) == [("W", 0, 8.5), ("R", 8.5, 9)]
    assert done(t, move(t, w, "end", -7, least_s=0.5)) == [("W", 0, 0.5), ("S", 4, 6), ("R", 8, 9)]
    assert done(t, move(t, w, "end", 3, roll=True)) == [("W", 0, 3), ("S", 3, 6), ("R", 8, 9)]
    assert done(t, move(t, s, "start", 1)) == [("W", 0, 1), ("S", 1, 6), ("R", 8, 9)]
    assert done(t, move(t, s, "start", -1, least_s=1)) == [("W", 0, 1), ("S", 1, 6), ("R", 8, 9)]
    assert done(t, move(t, s, "end", 7, neighbours="block")) == [("W", 0, 4), ("S", 4, 7), ("R", 8, 9)]


def test_groups_move_and_stretch_together():
    t = track(("W", 0, 2), ("S", 2, 4), ("R", 6, 8))
    w, s, _ = t
    assert done(t, ops.shift(t, [w, s], 3)) == [("W", 3, 5), ("S", 5, 7), ("R", 7, 8)]
    assert done(t, ops.shift(t, [w, s], -5, bounds=(0, 10))) == spans(t)
    assert done(t, ops.stretch(t, [w, s], 1, 3)) == [("W", 1, 2), ("S", 2, 3), ("R", 6, 8)]
    with pytest.raises(ValueProblem, match="least"):
        ops.stretch(t, [w, s], 1, 1.001)
    assert done(t, ops.nudge(t, [w, s], 0.5)) == [("W", 0.5, 2.5), ("S", 2.5, 4.5), ("R", 6, 8)]
    assert done(t, ops.nudge(t, [s], 0.5, what="end")) == [("W", 0, 2), ("S", 2, 4.5), ("R", 6, 8)]
    assert done(t, ops.nudge(t, [w, s], -0.5, what="end")) == [("W", 0, 1.5), ("S", 2, 3.5), ("R", 6, 8)]


def test_copies_find_their_classes_by_name():
    from m3n_studio.annotation.model import LabelClass, Tier

    t = track(("W", 0, 2), ("S", 3, 4))
    board = ops.copy(t, list(t))
    assert done(t, ops.paste(t, board, 1)) == [("W", 0, 1), ("W", 1, 3), ("S", 3, 4), ("S", 4, 5)]
    other = Track.of(Tier("other", classes=(LabelClass("Walking", id="q"),)))
    with pytest.raises(ValueProblem, match="no class 'sitting'"):
        ops.paste(other, board)
    assert done(other, ops.paste(other, board, skip_missing=True)) == [("q", 0, 2)]
    assert done(other, ops.paste(other, board, mapping={"S": "q"})) == [("q", 0, 2), ("q", 3, 4)]
    richer = other.with_tier(ops.with_classes_of(other.tier, CLASSES))
    assert [c.name for c in richer.tier.classes] == ["Walking", "sitting", "running"]
    assert len(done(richer, ops.paste(richer, board, 8, bounds=(0, 9)))) == 1


def test_a_tangled_track_from_elsewhere_is_untangled():
    t = track(("W", 0, 5), ("S", 3, 4), ("R", 3.5, 8), ("W", 2, 2))
    after = t.after(ops.untangle(t))
    assert sound(after)
    assert spans(after) == [("W", 0, 3), ("S", 3, 3.5), ("R", 3.5, 8)]


def paint(track, step=1 / 8, end=64.0):
    cells = [None] * int(end / step)
    for a in track:
        for i in range(max(int(a.start_s / step), 0), min(int(a.end_s / step), len(cells))):
            cells[i] = a.label
    return cells


ticks = st.integers(0, 400).map(lambda n: n / 8)


@given(st.integers(0, 10**6), st.data())
def test_any_sequence_of_edits_keeps_an_exclusive_tier_sound_and_is_undone(seed, data):
    t, _ = random_track(seeded(seed), data.draw(st.integers(0, 8)))
    begun, changes = t, []
    for _ in range(data.draw(st.integers(1, 6))):
        change = data.draw(st.sampled_from(EDITS))(t, data.draw)
        assert all(a.tier == "T" for a in change.add)
        changes.append(change)
        t = t.after(change)
        assert sound(t)
    whole = changes[0]
    for change in changes[1:]:
        whole = ops.compose(whole, change)
    assert begun.after(whole).annotations == t.annotations
    for change in reversed(changes):
        t = t.after(change.inverse())
    assert t.annotations == begun.annotations


def span(draw):
    a, b = draw(st.tuples(ticks, ticks).filter(lambda p: p[0] != p[1]))
    return min(a, b), max(a, b)


def some(t, draw, least=1):
    items = list(t)
    return draw(st.lists(st.sampled_from(items), min_size=least, max_size=4, unique=True)) if items else []


def one(t, draw, edit):
    chosen = some(t, draw)
    return edit(chosen[0]) if chosen else ops.delete(t, [])


labels = st.sampled_from("WSR")
EDITS = [
    lambda t, d: ops.put(t, d(labels), *span(d)),
    lambda t, d: ops.label_to(t, d(labels), d(ticks) + 1, from_s=-1),
    lambda t, d: ops.split(t, d(ticks)),
    lambda t, d: ops.clear(t, *span(d)),
    lambda t, d: ops.trim(t, *span(d)),
    lambda t, d: ops.delete(t, some(t, d)),
    lambda t, d: ops.relabel(t, some(t, d), d(labels)),
    lambda t, d: ops.merge_neighbours(t, *span(d), max_gap_s=d(ticks) / 10),
    lambda t, d: ops.fill_gaps(t, *span(d), d(labels), max_gap_s=d(ticks)),
    lambda t, d: ops.extend_into_gaps(t, *span(d), side=d(st.sampled_from(["before", "after", "both"]))),
    lambda t, d: one(t, d, lambda a: ops.move_edge(
        t, a, d(st.sampled_from(["start", "end"])), d(ticks),
        neighbours=d(st.sampled_from(["give way", "block", "overwrite"])), roll=d(st.booleans()))),
    lambda t, d: ops.shift(t, some(t, d), d(ticks) - 25),
    lambda t, d: ops.stretch(t, some(t, d), *(lambda s: (s[0], s[1] + 64))(span(d)), least_s=0),
    lambda t, d: ops.nudge(t, some(t, d), d(ticks) / 10 - 2, what=d(st.sampled_from(["both", "start", "end"]))),
    lambda t, d: one(t, d, lambda a: ops.paste(t, ops.copy(t, [a]), d(ticks))),
]  # fmt: skip


@given(st.integers(0, 10**6), st.data())
def test_put_paints_and_nothing_else(seed, data):
    t, _ = random_track(seeded(seed), 6)
    start, end = span(data.draw)
    cells = paint(t)
    for i in range(int(start * 8), int(end * 8)):
        cells[i] = "S"
    assert paint(t.after(ops.put(t, "S", start, end))) == cells


@given(st.integers(0, 10**6), st.data())
def test_lookups_are_those_of_a_plain_list(seed, data):
    rng = seeded(seed)
    on = tier(exclusive=False)
    items = [
        Annotation("T", "W", s, s + rng.choice([0, 0.5, 1, 30]))
        for s in (rng.randint(0, 300) / 8 for _ in range(rng.choice([3, 700])))
    ]
    t = Track.of(on, items)
    for a in rng.sample(items, len(items) // 2):
        t = t.after(ops.delete(t, [a])) if rng.random() < 0.7 else t
    items = list(t)
    start, end = span(data.draw)
    hit = [a for a in items if a.start_s < end and (a.end_s > start or a.start_s == a.end_s == start)]
    assert t.overlapping(start, end) == hit
    assert t.at(start) == [a for a in items if a.start_s == start or a.start_s < start < a.end_s]
    assert list(t.starting_from(start)) == [a for a in items if a.start_s >= start]
    assert list(t.starting_before(start)) == [a for a in items if a.start_s < start][::-1]
    assert t.edge_before(start) == max((e for a in items for e in (a.start_s, a.end_s) if e < start), default=None)


def test_an_edit_among_100_000_takes_less_than_a_millisecond():
    on = tier()
    t = Track.of(on, [Annotation("T", "WSR"[i % 3], i, i + 0.9) for i in range(100_000)])
    rng = seeded(1)
    took = []
    for _ in range(200):
        at = rng.random() * 99_000
        began = time.perf_counter()
        t = t.after(ops.put(t, "S", at, at + 2.5))
        took.append(time.perf_counter() - began)
    assert sorted(took)[100] < 1e-3, f"median {sorted(took)[100] * 1e3:.3f} ms"
