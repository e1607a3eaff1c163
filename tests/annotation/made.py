"""Label sets for tests."""

import itertools
import random

from m3n_studio.annotation.model import Annotation, LabelClass, Tier
from m3n_studio.annotation.track import Track

CLASSES = (
    LabelClass("walking", "#2a7fff", "w", id="W"),
    LabelClass("sitting", "#ff7f2a", "s", id="S"),
    LabelClass("running", "#7fff2a", "r", id="R"),
)


def tier(kind="interval", exclusive=True, id="T", name="activity"):
    return Tier(name, kind, exclusive, CLASSES, id)


def track(*spans, on=None):
    """A track of (label, start, end) with ids a, b, c, ..."""
    on = on or tier()
    names = map("".join, itertools.product("abcdefghij", repeat=2))
    return Track.of(on, [Annotation(on.id, label, float(s), float(e), id=next(names)) for label, s, e in spans])


def spans(track):
    return [(a.label, a.start_s, a.end_s) for a in track]


def random_track(rng, count, on=None, *, gap=0.4, step=1 / 8):
    """An exclusive track: intervals on a grid of exact binary fractions."""
    on, at, out = on or tier(), 0.0, []
    for _ in range(count):
        if rng.random() < gap:
            at += rng.randint(1, 40) * step
        end = at + rng.randint(1, 80) * step
        out.append(Annotation(on.id, rng.choice("WSR"), at, end))
        at = end
    return Track.of(on, out), at


def sound(track):
    """Free of overlaps, empty intervals and disorder."""
    items = list(track)
    assert all(a.end_s > a.start_s for a in items)
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(items)), items
    assert len({a.id for a in items}) == len(items) == len(track)
    return True


def seeded(seed):
    return random.Random(seed)
