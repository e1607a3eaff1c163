"""Video on the signal's clock within half a frame of the truth, which the synthetic scene knows."""

import numpy as np
import pytest

from m3n_studio.errors import Cancelled, ValueProblem
from m3n_studio.recordings.timemap import TimeMap
from m3n_studio.recordings.video.claps import claps_in_signal, claps_in_video
from m3n_studio.recordings.video.index import open_video
from m3n_studio.recordings.video.motion import motion_energy
from m3n_studio.recordings.video.sync import synchronise, through_points
from tests.recordings.video import clips, scenes


def film(path, truth, times, scene):
    """A film of a scene whose own times are mapped to the session's by `truth`; times are as the file has them."""
    pictures = (scene.picture(truth.to_session(t)) for t in times)
    clips.write(path, times, pictures=pictures, options={"preset": "ultrafast", "crf": "20"})
    return open_video(path)


def worst(found, truth, video):
    own = np.linspace(video.start_s, video.end_s, 20)
    return float(np.abs(found.to_session(own) - truth.to_session(own)).max())


CASES = [
    ("constant", clips.constant(900), TimeMap.offset(3.7123), 8),
    ("constant", clips.constant(900, 25.0), TimeMap.offset(-4.318), 5),
    ("constant", clips.constant(450, 30.0, 2.5), TimeMap.offset(11.0057), 3),
    ("variable", clips.variable(700, 1), TimeMap.offset(2.9571), 8),
    ("variable", clips.variable(700, 2), TimeMap.offset(-1.2345), 6),
]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("kind", "times", "truth", "count"), CASES)
def test_claps_give_the_offset_within_half_a_frame(tmp_path, kind, times, truth, count, seed):
    first, last = truth.to_session(times[0]), truth.to_session(times[-1])
    claps = max(first, 0) + scenes.clap_times(count, last - max(first, 0), seed)
    scene = scenes.Scene(claps, seed)
    video = film(tmp_path / "a.mp4", truth, times, scene)
    found = synchronise(motion_energy(video), [scene.signal(last + 5)])
    half = video.frame_s / 2
    error = worst(found.time_map, truth, video)
    print(
        f"{kind}: error {error * 1e3:.1f} ms, half a frame {half * 1e3:.1f} ms, {found.confidence:.2f}, {found.remark}"
    )
    assert found.method == "claps"
    assert error < half
    assert found.confidence > 0.5
    assert len(found.pairs) >= (count - 1 if kind == "constant" else count / 2)


def test_drift_is_found_when_there_are_claps_enough(tmp_path):
    truth = TimeMap.drift(1.5, 400.0)
    times = clips.constant(4000, 20.0)
    claps = scenes.clap_times(16, 198.0, 5)
    scene = scenes.Scene(claps, 5)
    video = film(tmp_path / "a.mp4", truth, times, scene)
    found = synchronise(motion_energy(video), [scene.signal(205.0)])
    print(f"drift {found.time_map.drift_ppm:.0f} ppm of 400; error {worst(found.time_map, truth, video) * 1e3:.1f} ms")
    assert worst(found.time_map, truth, video) < video.frame_s / 2
    assert found.time_map.drift_ppm == pytest.approx(400, abs=150)


def test_movement_alone_comes_near_and_says_so(tmp_path):
    truth = TimeMap.offset(6.25)
    scene = scenes.Scene([], 4)
    video = film(tmp_path / "a.mp4", truth, clips.constant(1200), scene)
    found = synchronise(motion_energy(video), [scene.signal(60.0)])
    print(found.remark, found.confidence, worst(found.time_map, truth, video))
    assert found.method == "motion"
    assert worst(found.time_map, truth, video) < 0.3
    assert found.confidence < 0.9


def test_another_persons_movement_is_not_trusted(tmp_path):
    truth = TimeMap.offset(3.0)
    video = film(tmp_path / "a.mp4", truth, clips.constant(900), scenes.Scene(scenes.clap_times(6, 30, 1), 1))
    right = synchronise(motion_energy(video), [scenes.Scene(scenes.clap_times(6, 30, 1), 1).signal(35.0)])
    wrong = synchronise(motion_energy(video), [scenes.Scene(scenes.clap_times(6, 30, 9), 9).signal(35.0)])
    assert wrong.confidence < 0.5 < right.confidence


def test_claps_are_found_where_they_are():
    claps = scenes.clap_times(10, 60.0, 2)
    signal = scenes.Scene(claps, 2).signal(60.0)
    found = claps_in_signal(signal)
    assert len(found) == len(claps)
    assert np.abs(found.times_s - claps).max() <= 0.011
    assert len(claps_in_signal(scenes.Scene([], 2).signal(60.0))) == 0


def test_motion_energy_lies_between_its_frames(tmp_path):
    scene = scenes.Scene([2.01], 0)
    times = clips.variable(200, 4)
    video = film(tmp_path / "a.mp4", TimeMap(), times, scene)
    energy = motion_energy(video)
    np.testing.assert_allclose(energy.times_s, (video.times_s[1:] + video.times_s[:-1]) / 2)
    found = claps_in_video(energy)
    assert np.abs(found.times_s - 2.01).min() <= np.diff(video.times_s).max() / 2
    part = motion_energy(video, start_s=3.0, stop_s=5.0)
    same = (energy.times_s >= part.times_s[0]) & (energy.times_s <= part.times_s[-1])
    np.testing.assert_allclose(part.energy, energy.energy[same], atol=1e-6)


def test_stopping_and_progress(tmp_path):
    video = film(tmp_path / "a.mp4", TimeMap(), clips.constant(100), scenes.Scene([1.0]))
    with pytest.raises(Cancelled):
        motion_energy(video, cancelled=lambda: True)
    told = []
    motion_energy(video, progress=told.append)
    assert told == sorted(told)
    assert len(told) == 3


def test_nothing_to_go_by_is_told(tmp_path):
    video = film(tmp_path / "a.mp4", TimeMap(), clips.constant(40), scenes.Scene([]))
    with pytest.raises(ValueProblem, match="nothing moves"):
        synchronise(motion_energy(video), [scenes.Scene([]).signal(0.5)])


def test_points_set_by_hand():
    found = through_points([(10.0, 12.0), (0.0, 1.0), (10.0, 12.5)])
    assert found.points == ((0.0, 1.0), (10.0, 12.5))
    with pytest.raises(ValueProblem):
        through_points([(0.0, 5.0), (1.0, 4.0)])
