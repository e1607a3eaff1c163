"""The copy seeks well and is otherwise the same: times, turn, pixels, sound; whole or not there."""

from fractions import Fraction

import numpy as np
import pytest

from m3n_studio.errors import Cancelled, ValueProblem
from m3n_studio.recordings.video.decoder import Decoder
from m3n_studio.recordings.video.index import open_video, seeks_badly
from m3n_studio.recordings.video.reencode import reencode
from m3n_studio.recordings.video.turn import Turn
from tests.recordings.video import clips

BAD = {"gop": 10_000, "options": {"sc_threshold": "0"}}


@pytest.mark.parametrize(
    ("name", "times", "options"),
    [
        ("a.mp4", clips.variable(250, 1), {**BAD, "turn": Turn(True, True, False), "aspect": Fraction(4, 3)}),
        ("a.mp4", clips.constant(250, 25.0, 7.3), {**BAD, "audio": True}),
        ("a.mkv", clips.variable(250, 2, 3.2), {**BAD, "audio": True}),
        ("a.avi", clips.constant(100), {"codec": "mpeg4", "base": Fraction(1, 30)}),
    ],
)
def test_a_copy_keeps_the_times_and_seeks_well(tmp_path, name, times, options):
    clips.write(tmp_path / name, times, **options)
    video = open_video(tmp_path / name)
    told = []
    copy = open_video(reencode(video, tmp_path / "copy.mp4", progress=told.append))
    np.testing.assert_allclose(copy.times_s, video.times_s, atol=2e-5)
    assert copy.end_s == pytest.approx(video.end_s, abs=0.6)
    assert (copy.turn, copy.size, copy.has_audio) == (video.turn, video.size, video.has_audio)
    assert seeks_badly(copy) == ""
    assert np.diff(copy.times_s[copy.keys]).max() < 4
    assert told == sorted(told)
    with Decoder(copy) as decoder:
        for number in np.random.default_rng(0).permutation(len(times))[:40]:
            assert clips.read_number(decoder.frame(int(number)).rgb) == number


def test_even_spacing_shows_what_was_shown(tmp_path):
    clips.write(tmp_path / "a.mp4", clips.variable(150, 3, 1.0))
    video = open_video(tmp_path / "a.mp4")
    copy = open_video(reencode(video, tmp_path / "copy.mp4", rate_hz=50.0))
    assert not copy.variable_rate
    assert abs(copy.start_s - video.start_s) <= 0.02
    with Decoder(copy) as decoder:
        for number, time in enumerate(copy.times_s):
            if number % 7 == 0:
                assert clips.read_number(decoder.frame(number).rgb) == video.number_at(time)


def test_odd_sizes(tmp_path):
    times = clips.constant(20)
    odd = (clips.picture(i)[:99, :159] for i in range(20))
    clips.write(tmp_path / "a.mp4", times, pictures=odd, pix_fmt="yuv444p")
    copy = open_video(reencode(open_video(tmp_path / "a.mp4"), tmp_path / "copy.mp4"))
    assert copy.size == (159, 99)


def test_a_stopped_copy_is_not_there(tmp_path):
    clips.write(tmp_path / "a.mp4", clips.constant(60))
    video = open_video(tmp_path / "a.mp4")
    (tmp_path / "copy.mp4").write_bytes(b"before")
    with pytest.raises(Cancelled):
        reencode(video, tmp_path / "copy.mp4", cancelled=lambda: True)
    assert (tmp_path / "copy.mp4").read_bytes() == b"before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "copy.mp4"]


def test_senseless_wishes_are_refused(tmp_path):
    clips.write(tmp_path / "a.mp4", clips.constant(10))
    video = open_video(tmp_path / "a.mp4")
    for path, options in (("a.mp4", {}), ("b.avi", {}), ("b.mp4", {"quality": 99}), ("b.mp4", {"rate_hz": 1e6})):
        with pytest.raises(ValueProblem):
            reencode(video, tmp_path / path, **options)
