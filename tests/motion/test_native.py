"""Our own clip file gives back what went in, whole or not at all."""

import json
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m3n_studio.body.shape import LIMBS, Shape
from m3n_studio.errors import FileError
from m3n_studio.motion.clip import GENDERS, Clip, Source, TextSegment
from m3n_studio.motion.formats import read_clip
from m3n_studio.motion.native import load_clip, save_clip

finite = st.floats(-1e3, 1e3)
words = st.text(max_size=20)


@st.composite
def clips(draw):
    frames = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    segments = st.builds(TextSegment, finite, finite, words, words)
    shape = st.builds(
        Shape, st.lists(finite, max_size=4).map(tuple), st.dictionaries(st.sampled_from(LIMBS), finite),
        st.floats(0.1, 3.0), words,
    )  # fmt: skip
    return Clip(
        draw(st.floats(0.1, 1e4)), rng.normal(size=(frames, 52, 3)), rng.normal(size=(frames, 3)), draw(shape),
        draw(st.sampled_from(GENDERS)), tuple(draw(st.lists(segments, max_size=3))),
        Source(draw(words), draw(words), tuple(draw(st.lists(words, max_size=3)))), rng.random(frames) < 0.7,
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clips())
def test_a_clip_comes_back_as_it_was(tmp_path, clip):
    back = load_clip(save_clip(tmp_path / "clip.npz", clip))
    for name in ("poses", "trans", "valid"):
        np.testing.assert_array_equal(getattr(back, name), getattr(clip, name))
    for name in ("rate_hz", "shape", "gender", "texts", "source"):
        assert getattr(back, name) == getattr(clip, name)


@pytest.fixture
def clip():
    return Clip(30.0, np.zeros((3, 52, 3)), np.zeros((3, 3)), texts=(TextSegment(0, 0.1, "stands"),))


def test_the_door_knows_it(tmp_path, clip):
    assert read_clip(save_clip(tmp_path / "a.npz", clip)).texts == clip.texts


def test_it_holds_no_pickles(tmp_path, clip):
    with np.load(save_clip(tmp_path / "a.npz", clip), allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)


def test_single_precision_is_an_option(tmp_path, clip):
    clip = clip.with_(poses=np.full((3, 52, 3), np.pi))
    back = load_clip(save_clip(tmp_path / "a.npz", clip, precision="float32"))
    np.testing.assert_array_equal(back.poses, np.float64(np.float32(np.pi)))


def rewritten(path, **changes):
    with np.load(path) as archive:
        arrays = {**archive, **changes}
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


def test_a_newer_version_is_named(tmp_path, clip):
    path = rewritten(save_clip(tmp_path / "a.npz", clip), version=np.array(2))
    with pytest.raises(FileError, match=r"version 2; expected at most 1: update m3n Studio"):
        load_clip(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"poses": None}, {"poses": np.zeros((3, 22, 3))}, {"poses": np.full((3, 52, 3), np.nan)},
        {"valid": np.ones(2, dtype=bool)}, {"rate_hz": np.array(0.0)}, {"rate_hz": np.array("fast")},
        {"about": np.frombuffer(b"{", dtype=np.uint8)}, {"about": np.frombuffer(b"[]", dtype=np.uint8)},
        {"about": np.frombuffer(json.dumps({"shape": 3}).encode(), dtype=np.uint8)}, {"format": np.array("other")},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_error(tmp_path, clip, changes):
    path = rewritten(save_clip(tmp_path / "a.npz", clip), **changes)
    with pytest.raises(FileError, match=r"a\.npz"):
        read_clip(path)


def test_a_failed_write_leaves_the_old_file(tmp_path, clip, monkeypatch):
    path = save_clip(tmp_path / "a.npz", clip)
    before = path.read_bytes()

    def broken(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(FileError, match="No space left"):
        save_clip(path, clip.with_(rate_hz=60.0))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.npz"]


def test_a_folder_that_is_not_there_is_named(tmp_path, clip):
    with pytest.raises(FileError, match="cannot be written"):
        save_clip(tmp_path / "nowhere" / "a.npz", clip)
