"""Stored triples: whole or not there, the same batches as drawn, and nothing but FileError from a damaged file."""

import h5py
import numpy as np
import pytest

from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.learning.config import BodiesConfig, LearningConfig, TextConfig
from m3n_studio.learning.motion_batches import motion_batches, stored_batches
from m3n_studio.learning.motion_set import clips_to_set
from m3n_studio.learning.text import embed
from m3n_studio.learning.triple_cache import CachedBatches, CachedTriples, write_cache
from m3n_studio.learning.triples import TripleDrawer
from tests.learning.motions import SPEC, clip

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def drawer():
    return TripleDrawer(clips_to_set([clip(), clip(text="punching", hz=2.0)], SPEC), SPEC, BodiesConfig())


@pytest.fixture
def path(tmp_path, drawer):
    return write_cache(tmp_path / "triples.h5", drawer, epochs=2, seed=4)


def source(path, batch=3):
    cached = CachedTriples(path)
    return CachedBatches(cached, embed(cached.sentences, TextConfig(encoder="hashing")), batch)


def test_windows_are_those_drawn(path, drawer):
    cached = CachedTriples(path)
    assert (cached.epochs, cached.windows, cached.placements) == (2, drawer.windows, SPEC.placements)
    one, two = (cached.take(e, np.array([3, 0])) for e in (0, 1))
    assert np.abs(one.imu - two.imu).max() > 0.01
    motions = drawer.motions.clips
    for row in range(2):
        of = motions[one.clip[row]]
        part = slice(one.start[row], one.start[row] + SPEC.samples)
        np.testing.assert_array_equal(one.pose[row], of.pose[part])
        norm = np.linalg.norm(one.imu[row, 0, 3:], axis=0)
        np.testing.assert_allclose(norm, np.linalg.norm(of.gyr_radps[part, 0], axis=1), atol=0.15, rtol=0.1)
    assert {cached.topics[t] for t in cached.take(0, np.arange(cached.windows)).topic} == {"waving", "punching"}


def test_batches_follow_from_the_seed(path):
    a, b = source(path), source(path)
    whole, later = list(a.epoch(5)), list(b.epoch(5, start=1))
    assert len(whole) == len(a)
    for one, two in zip(whole[1:], later, strict=True):
        assert all(x is y or torch.equal(x, y) for x, y in zip(one, two, strict=True))
    assert any(not torch.equal(whole[0].imu, next(iter(a.epoch(s))).imu) for s in range(6, 10))
    assert a.fingerprint() == b.fingerprint()


def test_cancelled_leaves_nothing(tmp_path, drawer):
    seen = []
    with pytest.raises(Cancelled):
        write_cache(tmp_path / "t.h5", drawer, progress=lambda *a: seen.append(a), cancelled=lambda: True)
    assert list(tmp_path.iterdir()) == []
    write_cache(tmp_path / "t.h5", drawer, epochs=3, progress=lambda *a: seen.append(a))
    assert seen[-1] == (3 * drawer.windows,) * 2
    with pytest.raises(ValueProblem):
        write_cache(tmp_path / "t.h5", drawer, epochs=0)
    with pytest.raises(FileError):
        write_cache(tmp_path / "absent" / "t.h5", drawer)


@pytest.mark.parametrize("what", ["sentence", "clip", "start", "first_frame", "version", "imu"])
def test_tables_that_lie_are_refused(path, what):
    with h5py.File(path, "r+") as file:
        if what == "version":
            file.attrs["format_version"] = 99
        elif what == "imu":
            del file["imu"]
        else:
            file[what][...] = file[what][...] + 10_000
    with pytest.raises(FileError):
        CachedTriples(path)


def test_a_damaged_file_is_a_file_error(path, tmp_path):
    data, rng = path.read_bytes(), np.random.default_rng(0)
    broken = tmp_path / "broken.h5"
    refused = 0
    for _ in range(60):
        bad = bytearray(data[: rng.integers(1, len(data))] if rng.random() < 0.4 else data)
        for at in rng.integers(0, min(len(bad), 6000), 8):
            bad[at] = rng.integers(256)
        broken.write_bytes(bytes(bad))
        try:
            cached = CachedTriples(broken)
            cached.take(0, np.array([0]))
        except FileError:
            refused += 1
    assert refused > 20
    broken.write_text("nonsense")
    with pytest.raises(FileError):
        CachedTriples(broken)


def test_a_division_keeps_a_clip_and_its_mirror_image_together(tmp_path):
    motions = clips_to_set([clip(), clip(text="punching", hz=2.0), clip(hz=3.0)], SPEC, mirrored=True)
    cached = CachedTriples(write_cache(tmp_path / "t.h5", TripleDrawer(motions, SPEC, BodiesConfig(mirror=True))))
    assert cached.groups.tolist() == [0, 0, 1, 1, 2, 2]
    config = LearningConfig(windows=SPEC).with_({"text.encoder": "hashing", "pretrain.optimiser.batch": 4})
    found = stored_batches(cached.path, config)
    clips = [
        {int(c) // 2 for batch in part.epoch(seed) for c in batch.clip_id} for part in (found.train, found.validation)
        for seed in (0,)
    ]  # fmt: skip
    assert len(clips[1]) == 1
    assert not clips[0] & clips[1]
    less = stored_batches(cached.path, config.with_({"pretrain.share": 0.5}))
    assert len(less.train) < len(found.train)
    assert less.train.fingerprint() != found.train.fingerprint()


def test_a_file_of_other_windows_is_refused_before_anything_is_learned(path):
    with pytest.raises(FileError, match=r"windows.*samples"):
        stored_batches(path, LearningConfig())
    with pytest.raises(ValueProblem, match="alone"):
        motion_batches([path, path.parent], LearningConfig(windows=SPEC))
