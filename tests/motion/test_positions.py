"""Joint positions: layouts, units and axes in use; a body that follows them."""

import numpy as np
import pytest

from m3n_studio.body.files import default_body
from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.shape import Shape
from m3n_studio.errors import FileError
from m3n_studio.motion.formats import read_clip
from m3n_studio.motion.parametric.ik import body_order
from tests.motion import written

CLIP = written.walking(hands=False)
P = written.positions_of(CLIP)


def read(tmp_path, array, **options):
    np.save(tmp_path / "joints.npy", array)
    return read_clip(tmp_path / "joints.npy", **options)


def followed(clip) -> np.ndarray:
    return joints_over_time(default_body(), clip.poses, clip.trans, clip.shape)[1][:, body_order(default_body())]


def off_m(clip, expected) -> float:
    """Largest distance of a joint, but for the constant that puts feet on the floor."""
    difference = followed(clip) - expected
    return float(np.linalg.norm(difference - difference.mean(axis=(0, 1)), axis=2).max())


@pytest.mark.parametrize(
    "array",
    [P, P.reshape(len(P), 66), P[None], np.moveaxis(P, 0, 2), np.moveaxis(P, 0, 2)[None], 1000 * P, 100 * P,
     P @ written.Z_UP.T, np.concatenate([P, P[:, :2]], axis=1)],
    ids=["T22x3", "T66", "1T22x3", "22x3T", "1x22x3xT", "mm", "cm", "z-up", "24 joints"],
)  # fmt: skip
def test_every_layout_unit_and_axis_gives_the_same_motion(tmp_path, array):
    clip = read(tmp_path, array)
    assert (len(clip), clip.rate_hz, clip.source.format) == (len(P), 20.0, "positions")
    assert off_m(clip, P) < 1e-4


def test_a_body_of_other_proportions_is_fitted(tmp_path):
    model = default_body()
    shape = Shape((), {"forearm": 0.12, "thigh": -0.1, "torso": 0.06, "shoulder_breadth": 0.1}, 0.9)
    other = joints_over_time(model, CLIP.poses, CLIP.trans, shape)[1][:, body_order(model)]
    clip = read(tmp_path, other)
    assert off_m(clip, other) < 0.004
    assert any("mm on average" in note for note in clip.source.notes)


def test_samples_of_text_to_motion_bring_their_words(tmp_path):
    clip = read_clip(written.write(tmp_path, "mdm", CLIP))
    assert len(clip) == len(CLIP) - 4
    assert [t.text for t in clip.texts] == ["a person walks"]
    assert off_m(clip, P[:-4]) < 1e-4


def test_nan_frames_become_gaps(tmp_path):
    array = P.copy()
    array[7, 3, 1] = np.nan
    clip = read(tmp_path, array)
    np.testing.assert_array_equal(np.flatnonzero(~clip.valid), [7])
    np.testing.assert_array_equal(clip.poses[7], clip.poses[6])


@pytest.mark.parametrize("array", [np.zeros((5, 22, 3)), np.zeros((5, 7, 3)), np.zeros(3), np.full((5, 22, 3), np.nan)])
def test_what_is_no_person_is_refused(tmp_path, array):
    with pytest.raises(FileError, match=r"joints\.npy"):
        read(tmp_path, array)


def test_unit_and_rate_may_be_stated(tmp_path):
    assert read(tmp_path, P, rate_hz=30.0).rate_hz == 30.0
    with pytest.raises(FileError, match="thighs"):
        read(tmp_path, P, unit="mm")
