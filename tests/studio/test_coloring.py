"""Colours on the skin: the exact acceleration of every vertex, speeds, errors of sensors."""

import numpy as np
import pytest

from m3n_studio.body.forward import forward
from m3n_studio.body.shape import Shape
from m3n_studio.errors import Cancelled
from m3n_studio.motion.root import root_track
from m3n_studio.studio.scene import coloring
from m3n_studio.studio.scene.bones import BoneTrack, skin_of
from m3n_studio.studio.scene.coloring import (
    Scale,
    acceleration_rms,
    as_hex,
    colors,
    error_tints,
    nice_ceiling,
    sensor_error,
    speed,
    speed_ceiling,
    viridis,
)

from .conftest import moving, waves


def test_acceleration_of_every_vertex_is_that_of_the_vertices_themselves(body):
    clip, shape = moving(body, seconds=3.0), Shape(limbs={"forearm": 0.3})
    vertices = forward(body, clip.poses, root_track(body, clip, shape), shape)[0][:, ::500]
    from scipy.interpolate import make_interp_spline

    exact = make_interp_spline(clip.time_s, vertices, k=5)(clip.time_s, 2)[3:-3]
    expected = np.sqrt((exact**2).sum(axis=2).mean(axis=0))
    ours = acceleration_rms(body, clip, shape, bandwidth_hz=None)
    np.testing.assert_allclose(ours[::500], expected, atol=1e-6 + 1e-6 * expected.max())


def test_blocks_of_a_long_clip_make_no_difference_and_can_be_stopped(body, monkeypatch):
    clip = moving(body, seconds=8.0)
    whole = acceleration_rms(body, clip, bandwidth_hz=6.0)
    monkeypatch.setattr(coloring, "_BLOCK", 60)
    seen = []
    parts = acceleration_rms(body, clip, bandwidth_hz=6.0, progress=lambda done, total: seen.append(done / total))
    np.testing.assert_allclose(parts, whole, rtol=2e-3, atol=1e-3)
    assert seen == sorted(seen)
    assert 0.95 < seen[-1] <= 1.0

    def stop(done, total):
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        acceleration_rms(body, clip, progress=stop)


def test_gaps_are_not_differentiated_across(body):
    clip = moving(body, seconds=4.0)
    valid = np.ones(len(clip), bool)
    valid[50:60] = False
    trans = np.array(clip.trans)
    trans[55:, 0] += 50.0  # a leap inside the gap
    leaping = acceleration_rms(body, clip.with_(trans=trans, valid=valid), bandwidth_hz=None)
    still = acceleration_rms(body, clip.with_(valid=valid), bandwidth_hz=None)
    np.testing.assert_allclose(leaping, still, atol=1e-5)


def test_speed_is_the_walking_speed_and_its_scale_covers_the_clip(body):
    clip = moving(body)
    still = clip.with_(poses=np.zeros_like(clip.poses))
    track = BoneTrack(body, still)
    np.testing.assert_allclose(speed(track, skin_of(body, still.shape), 10), np.hypot(0.4, 0.1), atol=1e-3)
    assert speed_ceiling(body, still) == 0.5
    assert speed_ceiling(body, clip) > 0.5


def test_colours_run_from_dark_blue_to_yellow():
    low, middle, high = viridis(np.array([0.0, 0.5, 1.0]))
    assert low[2] > low[0] > low[1]
    assert middle[1] > max(middle[0], 0.5)
    assert high[0] > 0.95
    assert high[2] < 0.2
    brightness = viridis(np.linspace(0, 1, 50)) @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(brightness) > 0).all()
    np.testing.assert_allclose(colors(np.array([5.0]), Scale("", "", 0, 10)), viridis(np.array([0.5])))
    assert as_hex(np.array([1.0, 0.5, 0.0])) == "#ff8000"


@pytest.mark.parametrize(
    ("value", "top"), [(0.9, 1.0), (1.2, 1.5), (17, 20), (20, 20), (71, 100), (0, 1), (0.024, 0.03)]
)
def test_scales_end_on_round_numbers(value, top):
    assert nice_ceiling(value) == pytest.approx(top)


def test_the_error_of_a_sensor_is_measured_where_both_are_valid():
    real = waves("a")
    shifted = type(real)("a", real.time_s, real.acc_mps2 + np.array((3.0, 0.0, 4.0)), real.gyr_radps, real.valid)
    assert sensor_error(real, shifted) == pytest.approx(5.0)
    later = type(real)("a", real.time_s + 100, real.acc_mps2, real.gyr_radps, real.valid)
    assert sensor_error(real, later) is None
    tints, scale = error_tints([5.0, None, 0.0])
    assert tints[1] is None
    assert tints[0] != tints[2]
    assert (scale.low, scale.high, scale.unit) == (0.0, 5.0, "m/s²")
    assert error_tints([None]) == ((), None)
