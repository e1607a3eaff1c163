"""Pieces of predictions on disk: found again, and nothing hostile or damaged believed."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.studio.predictions.prediction_cache import PredictionCache, Shapes

SHAPES = Shapes(models=2, classes=3, tokens=6, experts=4)


def arrays(windows=5, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.random(s, dtype=np.float32) for s in SHAPES.of(windows))


def cache(folder, key="k", **more):
    return PredictionCache(folder, "session", "/runs/one", key, SHAPES, **more)


@pytest.fixture
def written(tmp_path):
    cache(tmp_path).write(40, arrays())
    (path,) = tmp_path.rglob("*.piece")
    return tmp_path, path


def test_what_is_written_is_read_and_nothing_else(written):
    folder, _ = written
    found = cache(folder).read(40, 5)
    assert all(np.array_equal(a, b) for a, b in zip(found, arrays(), strict=True))
    assert cache(folder).read(40, 6) is None
    assert cache(folder).read(41, 5) is None
    assert cache(folder, "other").read(40, 5) is None
    assert PredictionCache(folder, "another", "/runs/one", "k", SHAPES).read(40, 5) is None
    assert PredictionCache(folder, "session", "/runs/one", "k", Shapes(2, 3, 6, 5)).read(40, 5) is None


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_not_believed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("p")
    cache(folder).write(0, arrays())
    (path,) = folder.rglob("*.piece")
    whole = path.read_bytes()
    kind = data.draw(st.sampled_from(["cut", "flip", "more", "other"]))
    at = data.draw(st.integers(0, len(whole) - 1))
    bad = {
        "cut": whole[:at], "more": whole + b"\0", "other": b"[" * at,
        "flip": whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :],
    }[kind]  # fmt: skip
    path.write_bytes(bad)
    assert cache(folder).read(0, 5) is None
    cache(folder).write(0, arrays())
    assert cache(folder).read(0, 5) is not None


def test_another_version_and_numbers_that_are_none_are_not_believed(written):
    folder, path = written
    head, _, body = path.read_bytes().partition(b"\n")
    told = json.loads(head)
    path.write_bytes(json.dumps(told | {"version": 2}, separators=(",", ":")).encode() + b"\n" + body)
    assert cache(folder).read(40, 5) is None
    bad = arrays()
    bad[0][0, 0, 0] = np.nan
    cache(folder).write(40, bad)
    assert cache(folder).read(40, 5) is None


def test_pieces_of_older_weights_go_and_nothing_else(written, tmp_path):
    folder, path = written
    (path.parent / "note.txt").write_text("mine")
    newer = cache(folder, "newer")
    newer.write(0, arrays())
    newer.tidy()
    assert newer.read(0, 5) is not None
    assert not path.exists()
    assert (path.parent / "note.txt").read_text() == "mine"


def test_nothing_is_kept_where_nothing_may_be_written(tmp_path):
    cache(tmp_path, writes=False).write(0, arrays())
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "cache").write_text("a file in the way")
    cache(tmp_path).write(0, arrays())
    assert cache(tmp_path).read(0, 5) is None
    assert PredictionCache(None, "s", "r", "k", SHAPES).read(0, 5) is None
