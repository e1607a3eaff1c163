"""Similar stretches: found, apart, never across gaps; the profile against plain NumPy."""

import numpy as np
import pytest

from m3n_studio.annotation.similar import Searched, best_apart, find_similar, score_profile
from m3n_studio.errors import Cancelled, ValueProblem

RATE = 50.0


def recording(rng, places, *, size=1.0, seconds=120.0, name="wrist", start=0.0):
    """Noise with one gesture (two channels, 2 s) at some places (s)."""
    n = round(seconds * RATE)
    values = 0.1 * rng.normal(size=(n, 3)) + (0.0, 9.81, 0.0)
    phase = np.linspace(0, 2 * np.pi, 100)
    for place in places:
        i = round(place * RATE)
        values[i : i + 100, 0] += size * np.sin(phase)
        values[i : i + 100, 1] += size * (np.cos(2 * phase) - 1)
    return Searched(name, start, RATE, values, np.ones(n, dtype=bool))


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def plain_score(stretch, values, valid, weights, amplitude):
    m, out = len(stretch), []
    for i in range(len(values) - m + 1):
        w = values[i : i + m]
        if not valid[i : i + m].all():
            out.append(-np.inf)
        elif amplitude:
            out.append(1 - (weights * ((w - stretch) ** 2).mean(axis=0)).sum())
        else:
            z = [(x - x.mean(axis=0)) / x.std(axis=0) for x in (w, stretch)]
            out.append((weights * (z[0] * z[1]).mean(axis=0)).sum())
    return np.array(out)


@pytest.mark.parametrize("amplitude", [False, True])
def test_the_profile_is_that_of_plain_numpy(rng, amplitude):
    values = rng.normal(size=(700, 3)).cumsum(axis=0) + np.array([0, 9.81, 100])
    valid = np.ones(700, dtype=bool)
    valid[200:203] = False
    values[201] = np.nan
    weights = np.array([0.5, 0.0, 0.5])
    found = score_profile(values[50:90], values, valid, weights, amplitude=amplitude)
    values[201] = 0
    assert found == pytest.approx(plain_score(values[50:90], values, valid, weights, amplitude), abs=1e-6)
    assert found[50] == pytest.approx(1.0, abs=1e-6)
    assert np.isneginf(found[161:203]).all()
    assert np.isfinite(found[[160, 203]]).all()


def test_every_gesture_is_found_in_every_recording_but_not_itself(rng):
    a = recording(rng, (10, 30.5, 80), name="ann", start=100.0)
    b = recording(rng, (5, 50), name="ben")
    found = find_similar([a, b], 0, 110.0, 112.0, most=4)
    assert sorted((f.name, round(f.start_s, 1)) for f in found) == [
        ("ann", 130.5), ("ann", 180.0), ("ben", 5.0), ("ben", 50.0),
    ]  # fmt: skip
    assert all(0.9 < f.score <= 1 and f.end_s - f.start_s == pytest.approx(2.0) for f in found)
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)
    more = find_similar([a, b], 0, 110.0, 112.0, most=1000, least_score=-1)
    for x in more:
        assert x.recording == 1 or x.end_s <= 110.0 + 1e-9 or x.start_s >= 112.0 - 1e-9
        others = [y for y in more if y is not x and y.recording == x.recording]
        assert all(x.end_s <= y.start_s + 1e-9 or y.end_s <= x.start_s + 1e-9 for y in others)
    assert len(find_similar([a, b], 0, 110.0, 112.0, most=1000, least_score=0.8)) == 4


def test_the_amplitude_counts_where_asked(rng):
    a = recording(rng, (10, 30))
    b = recording(rng, (50,), size=0.4)
    by_shape = find_similar([a, b], 0, 10, 12, most=2)
    assert {f.recording for f in by_shape} == {0, 1}
    found = find_similar([a, b], 0, 10, 12, most=50, amplitude=True)
    assert found[0].recording == 0
    assert found[0].start_s == pytest.approx(30, abs=0.05)
    assert found[0].score > 0.9
    assert all(f.score < 0.75 for f in found[1:])


def test_gaps_are_never_crossed(rng):
    a = recording(rng, (10, 30, 60))
    valid = a.valid.copy()
    valid[round(31 * RATE)] = False
    found = find_similar([Searched("a", 0, RATE, a.values, valid)], 0, 10, 12, most=9, least_score=0.8)
    assert [round(f.start_s) for f in found] == [60]
    with pytest.raises(ValueProblem, match="gap"):
        find_similar([Searched("a", 0, RATE, a.values, valid)], 0, 30, 32)


def test_progress_and_cancelling(rng, monkeypatch):
    from m3n_studio.annotation import similar

    monkeypatch.setattr(similar, "_CHUNK", 1000)
    a = recording(rng, (10, 30))
    seen = []
    find_similar([a], 0, 10, 12, most=3, progress=seen.append)
    assert seen[-1] == 1.0
    assert len(seen) == 6
    assert seen == sorted(seen)
    with pytest.raises(Cancelled):
        find_similar([a], 0, 10, 12, cancelled=lambda: len(seen) > 0)


def test_chunks_change_nothing(rng, monkeypatch):
    from m3n_studio.annotation import similar

    a = recording(rng, (10, 30, 57))
    whole = find_similar([a], 0, 10, 12, most=5)
    monkeypatch.setattr(similar, "_CHUNK", 777)
    parts = find_similar([a], 0, 10, 12, most=5)
    assert [f.start_s for f in parts] == [f.start_s for f in whole]
    assert [f.score for f in parts] == pytest.approx([f.score for f in whole], abs=1e-6)


@pytest.mark.parametrize(
    ("start", "end", "match"), [(-1, 1, "samples"), (119, 121, "samples"), (3, 3.1, "samples"), (50, 50, "samples")]
)
def test_stretches_that_cannot_be_looked_for(rng, start, end, match):
    with pytest.raises(ValueProblem, match=match):
        find_similar([recording(rng, ())], 0, start, end)


def test_still_stretches_and_unlike_recordings_are_refused(rng):
    still = Searched("a", 0, RATE, np.ones((500, 2)), np.ones(500, dtype=bool))
    with pytest.raises(ValueProblem, match="does not move"):
        find_similar([still], 0, 1, 2)
    with pytest.raises(ValueProblem, match="differ"):
        find_similar([still, recording(rng, ())], 0, 1, 2)


def test_best_places_are_apart():
    assert best_apart(np.array([0.9, 1.0, 0.8, 0.7, np.inf * -1, 0.6]), 2, 9, 0.5) == [1, 3, 5]
