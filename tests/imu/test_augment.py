"""A thousand bodies in one file: right values, whole or not there."""

import json

import h5py
import numpy as np
import pytest

from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.imu import augment as augment_module
from m3n_studio.imu.augment import augment, lengths, sample_shapes, sample_vectors
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate
from m3n_studio.motion.clip import TextSegment
from tests.imu.motions import free_body, lively_clip

NAMES = ["left_wrist", "right_wrist"]


def test_every_body_in_the_file_is_what_simulate_gives(tmp_path):
    model = free_body()
    clip = lively_clip(60.0, 2.0).with_(texts=(TextSegment(0, 2, "dancing"),))
    how = Settings(rate_hz=50.0)
    result = augment(model, clip, NAMES, tmp_path / "a.h5", bodies=40, seed=3, settings=how)
    assert (result.bodies, result.bytes) == (40, (tmp_path / "a.h5").stat().st_size)
    shapes = sample_shapes(model, 40, 3)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["acc_mps2"].shape == (40, 2, result.samples, 3)
        assert file["acc_mps2"].dtype == np.float32
        assert file["acc_mps2"].attrs["unit"] == "m/s2"
        assert list(file["placements"].asstr()) == NAMES
        assert list(file["shapes/names"].asstr()) == list(shape_space(model).names)
        assert json.loads(file.attrs["clip_texts"])[0]["text"] == "dancing"
        assert json.loads(file.attrs["settings"])["rate_hz"] == 50.0
        assert file.attrs["seed"] == 3
        for k in (0, 17, 39):
            assert np.allclose(file["shapes/vectors"][k], shapes[k].vector(model))
            for p, signal in enumerate(simulate(model, clip, NAMES, shape=shapes[k], settings=how)):
                assert np.allclose(file["acc_mps2"][k, p], signal.acc_mps2, atol=1e-3)
                assert np.allclose(file["gyr_radps"][p], signal.gyr_radps, atol=1e-5)
                assert np.array_equal(file["valid"], signal.valid)
                assert np.allclose(file["time_s"], signal.time_s)


def test_shapes_may_be_given(tmp_path):
    model = free_body()
    vectors = sample_vectors(model, 3, 5) * 0.5
    augment(model, lively_clip(30.0, 1.0), ["chest"], tmp_path / "b.h5", bodies=vectors)
    with h5py.File(tmp_path / "b.h5") as file:
        assert np.array_equal(file["shapes/vectors"], vectors)


def test_the_same_seed_gives_the_same_people_and_more_people_include_the_first():
    model = free_body()
    assert np.array_equal(sample_vectors(model, 10, 1), sample_vectors(model, 25, 1)[:10])
    assert not np.array_equal(sample_vectors(model, 10, 1), sample_vectors(model, 10, 2))


def test_people_are_plausible():
    model = free_body()
    vectors = sample_vectors(model, 2000, 0)
    betas, limbs = vectors[:, : model.n_betas], vectors[:, model.n_betas :]
    assert np.abs(betas).max() <= 2.5
    assert betas.std() == pytest.approx(0.95, abs=0.03)  # unit normal, cut at 2.5
    assert np.abs(limbs).max() <= 0.075
    names, values = lengths(model, vectors)
    assert names[0] == "stature"
    assert 1.2 < values[:, 0].min() < values[:, 0].max() < 2.3
    assert 0.03 < values[:, 0].std() < 0.2
    assert (values[:, 1:] > 0.1).all()


def test_lengths_are_those_of_the_body():
    model = free_body()
    vectors = sample_vectors(model, 5, 8)
    _, values = lengths(model, vectors)
    for vector, row in zip(vectors, values, strict=True):
        shape = Shape.from_vector(model, vector)
        heights = shape_space(model).vertices(shape)[:, 1]
        joints = shape_space(model).joints(shape)
        names = model.joint_names
        forearm = np.linalg.norm(joints[names.index("left_wrist")] - joints[names.index("left_elbow")])
        assert row[0] == pytest.approx(heights.max() - heights.min(), abs=1e-6)
        assert row[2] == pytest.approx(forearm)


def test_progress_is_told_and_ends_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(augment_module, "_BATCH_BYTES", 20_000)
    told = []
    augment(free_body(), lively_clip(60.0, 2.0), NAMES, tmp_path / "a.h5", bodies=23,
            progress=lambda done, whole: told.append((done, whole)))  # fmt: skip
    assert told[-1] == (23, 23)
    assert len(told) > 3
    assert told == sorted(told)


def test_a_cancelled_run_leaves_nothing_and_keeps_what_was_there(tmp_path, monkeypatch):
    monkeypatch.setattr(augment_module, "_BATCH_BYTES", 20_000)
    target = tmp_path / "a.h5"
    target.write_text("what was there before")
    asked = []
    with pytest.raises(Cancelled, match="nothing was kept"):
        augment(free_body(), lively_clip(60.0, 2.0), NAMES, target, bodies=50,
                cancelled=lambda: asked.append(1) or len(asked) > 3)  # fmt: skip
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]
    assert target.read_text() == "what was there before"


def test_a_failure_half_way_leaves_nothing(tmp_path):
    def broken(done, whole):
        raise RuntimeError("the caller's own trouble")

    with pytest.raises(RuntimeError):
        augment(free_body(), lively_clip(60.0, 1.0), NAMES, tmp_path / "a.h5", bodies=5, progress=broken)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileError, match="no_such_folder"):
        augment(free_body(), lively_clip(60.0, 1.0), NAMES, tmp_path / "no_such_folder" / "a.h5", bodies=2)


@pytest.mark.parametrize("n", [0, -1, 10**9])
def test_impossible_numbers_of_bodies_are_refused(n):
    with pytest.raises(ValueProblem, match="number of bodies"):
        sample_vectors(free_body(), n)
