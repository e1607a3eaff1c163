"""Filters and jumps, against a plain look at everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_studio.annotation import find, quality
from m3n_studio.annotation.model import Annotation
from m3n_studio.errors import ValueProblem
from tests.annotation.made import random_track, seeded, track

A = Annotation("T", "W", 0, 2, "eva", "person", None, "Stumbles here", "1")
B = Annotation("T", "S", 2, 9, "net", "model", 0.4, "", "2")
C = Annotation("U", "W", 5, 5, "net", "model", 0.9, "", "3")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "123"),
        ({"labels": frozenset("W")}, "13"),
        ({"tiers": frozenset("T"), "authors": frozenset(["net"])}, "2"),
        ({"sources": frozenset(["person"])}, "1"),
        ({"confidence": (0.3, 0.5)}, "2"),
        ({"text": "STUMBLE"}, "1"),
        ({"duration_s": (1.0, 3.0)}, "1"),
        ({"duration_s": (0.0, 0.0)}, "3"),
        ({"span_s": (2.0, 5.0)}, "2"),
        ({"span_s": (5.0, 6.0)}, "23"),
    ],
)
def test_filters(wanted, found):
    assert "".join(a.id for a in find.select((A, B, C), find.Filter(**wanted))) == found


def test_a_filter_upside_down_is_refused():
    with pytest.raises(ValueProblem, match="duration_s"):
        find.Filter(duration_s=(2.0, 1.0))


def test_matches_are_walked_in_both_directions():
    t = track(("W", 0, 1), ("S", 2, 3), ("W", 4, 5))
    wanted = find.Filter(labels=frozenset("W"))
    assert find.next_match(t, wanted, 0).start_s == 4
    assert find.next_match(t, wanted, 4) is None
    assert find.next_match(t, wanted, 4, back=True).start_s == 0


def walk(step, spans, back):
    at, out = (1e6 if back else -1e6), []
    while (found := step(at)) is not None:
        out.append(found)
        at = found[0] if isinstance(found, tuple) else found.start_s
    return out[::-1] if back else out


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from([0.0, 1.0]))
def test_walking_meets_every_unlabelled_stretch_and_disagreement(seed, back, least):
    rng = seeded(seed)
    a, end = random_track(rng, rng.randint(0, 40))
    b, _ = random_track(rng, rng.randint(0, 40))
    cuts = sorted({rng.randint(-40, int(8 * end) + 400) / 8 for _ in range(4)})
    recorded = list(zip(cuts[::2], cuts[1::2], strict=False))
    plain = list(find.unlabelled(a, recorded, least_s=least))
    assert walk(lambda t: find.next_unlabelled(a, recorded, t, back=back, least_s=least), recorded, back) == plain
    plain = [d for s in recorded for d in quality.disagreements(a, b, [s]) if d.duration_s >= least]
    assert walk(lambda t: find.next_disagreement(a, b, recorded, t, back=back, least_s=least), recorded, back) == plain
