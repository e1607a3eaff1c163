"""Every requested time gives exactly the right frame: the clips show their own number."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from m3n_studio.errors import Cancelled
from m3n_studio.recordings.video.decoder import Decoder
from m3n_studio.recordings.video.index import open_video, seeks_badly
from m3n_studio.recordings.video.turn import Turn
from tests.recordings.video import clips

COUNT = 150
B30 = Fraction(1, 30)
MANY_B = {"bf": "5", "b_strategy": "0", "b-pyramid": "strict"}
QUICK = {"cpu-used": "8", "deadline": "realtime"}
ALT_REF = {"auto-alt-ref": "1", "lag-in-frames": "16", "cpu-used": "8"}
X265 = {"preset": "ultrafast", "x265-params": "log-level=none"}
KINDS = {
    "constant": ("a.mp4", clips.constant(COUNT), {}),
    "ntsc": ("a.mp4", np.arange(COUNT) * 1001 / 30000, {"base": Fraction(1, 30000)}),
    "variable": ("a.mp4", clips.variable(COUNT), {}),
    "many-b-frames": ("a.mp4", clips.variable(COUNT, 1), {"options": MANY_B}),
    "open-gop": ("a.mp4", clips.constant(COUNT), {"options": {"x264-params": "open-gop=1:keyint=24:bframes=3"}}),
    "odd-gop": ("a.mp4", clips.variable(COUNT, 2), {"gop": 37}),
    "one-key-frame": ("a.mkv", clips.constant(COUNT), {"gop": 10_000, "options": {"sc_threshold": "0"}}),
    "only-key-frames": ("a.mov", clips.variable(COUNT, 3), {"gop": 1}),
    "late-start": ("a.mp4", clips.constant(COUNT, start_s=7.3), {}),
    "late-start-mkv": ("a.mkv", clips.variable(COUNT, 4, start_s=3.217), {}),
    "transport-stream": ("a.ts", clips.constant(COUNT, 25.0), {}),
    "avi": ("a.avi", clips.constant(COUNT), {"codec": "mpeg4", "base": Fraction(1, 30)}),
    "motion-jpeg": ("a.avi", clips.constant(COUNT), {"codec": "mjpeg", "base": B30, "pix_fmt": "yuvj420p"}),
    "vp9": ("a.webm", clips.constant(COUNT), {"codec": "libvpx-vp9", "options": QUICK}),
    "vp8-hidden": ("a.webm", clips.constant(COUNT), {"codec": "libvpx", "options": ALT_REF}),
    "hevc": ("a.mp4", clips.variable(COUNT, 5), {"codec": "libx265", "options": X265}),
    "with-sound": ("a.mp4", clips.constant(COUNT), {"audio": True}),
}  # fmt: skip


@pytest.fixture(params=KINDS)
def clip(request, tmp_path):
    name, times, options = KINDS[request.param]
    clips.write(tmp_path / name, times, **options)
    return open_video(tmp_path / name), times


def test_the_index_has_the_time_of_every_frame(clip):
    video, times = clip
    assert len(video) == COUNT
    found = video.times_s - video.times_s[0]
    tolerance = 1.1e-3 if video.path.suffix in (".mkv", ".webm") else 1.2e-5  # their ticks
    np.testing.assert_allclose(found, times - times[0], atol=tolerance)
    if video.path.suffix in (".mp4", ".mkv", ".mov", ".avi"):
        assert video.start_s == pytest.approx(times[0], abs=1.1e-3)
    assert video.size == (clips.WIDTH, clips.HEIGHT)
    assert video.end_s > video.times_s[-1]


def test_every_time_gives_exactly_its_frame_in_any_order(clip):
    video, _ = clip
    rng = np.random.default_rng(0)
    starts, ends = video.times_s, np.append(video.times_s[1:], video.end_s)
    with Decoder(video, cache_bytes=20 * clips.WIDTH * clips.HEIGHT * 2) as decoder:
        for number in rng.permutation(COUNT):
            time = rng.uniform(starts[number] + 1e-6, ends[number] - 2e-6)
            shown = decoder.at(time)
            assert clips.read_number(shown.rgb) == number == shown.number
            assert shown.time_s == starts[number]


def test_forwards_backwards_and_at_the_edges(clip):
    video, _ = clip
    with Decoder(video, cache_bytes=30 * clips.WIDTH * clips.HEIGHT * 2) as decoder:
        assert [clips.read_number(decoder.frame(i).rgb) for i in range(COUNT)] == list(range(COUNT))
        assert [clips.read_number(decoder.frame(i).rgb) for i in range(COUNT - 1, -1, -1)] == list(range(COUNT))[::-1]
        for number in (1, 40, 77, COUNT - 1):
            edge = video.times_s[number]
            assert clips.read_number(decoder.at(edge).rgb) == number
            assert clips.read_number(decoder.at(edge - 1e-4).rgb) == number - 1
        assert clips.read_number(decoder.at(-1e9).rgb) == 0
        assert clips.read_number(decoder.at(1e9).rgb) == COUNT - 1


TURNS = [Turn(*bits) for bits in product((False, True), repeat=3)]


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_turned_and_mirrored_pictures_are_seen_upright(tmp_path, turn):
    path = tmp_path / "turned.mp4"
    clips.write(path, clips.constant(20), turn=turn)
    video = open_video(path)
    assert video.turn == turn == Turn.from_matrix(np.array(turn.matrix, "<i4").tobytes())
    assert video.size == (clips.WIDTH, clips.HEIGHT)
    with Decoder(video) as decoder:
        for number in (0, 19, 7):
            picture = decoder.frame(number).rgb
            assert picture.shape == (clips.HEIGHT, clips.WIDTH, 3)
            assert clips.read_number(picture) == number
            assert clips.read_number(decoder.frame(number, (100, 70)).rgb) == number


def test_clockwise_degrees_are_those_of_the_player():
    assert Turn(True, True, False).clockwise_deg == 90
    assert Turn(False, True, True).clockwise_deg == 180
    assert [t.mirrored for t in (Turn(), Turn(True, True, False), Turn(False, True, False))] == [False, False, True]
    assert Turn.from_matrix(b"short") == Turn()


def test_pixels_that_are_not_square_are_shown_square(tmp_path):
    clips.write(tmp_path / "wide.mp4", clips.constant(5), aspect=Fraction(4, 3))
    video = open_video(tmp_path / "wide.mp4")
    assert video.pixel_aspect == pytest.approx(4 / 3)
    assert video.size == (round(clips.WIDTH * 4 / 3), clips.HEIGHT)
    with Decoder(video) as decoder:
        picture = decoder.frame(3, (106, 500))
    assert picture.rgb.shape == (50, 106, 3)
    assert clips.read_number(picture.rgb) == 3


def test_stepping_back_decodes_a_stretch_once_and_memory_stays_within_its_bound(tmp_path, monkeypatch):
    clips.write(tmp_path / "a.mp4", clips.constant(300), gop=150, options={"sc_threshold": "0"})
    video = open_video(tmp_path / "a.mp4")
    most = 64 * clips.WIDTH * clips.HEIGHT * 2
    with Decoder(video, cache_bytes=most) as decoder:
        seeks = []
        seek = decoder._seek
        monkeypatch.setattr(decoder, "_seek", lambda key: (seeks.append(key), seek(key)))
        for number in range(140, 90, -1):
            assert clips.read_number(decoder.frame(number).rgb) == number
            assert decoder.kept_bytes <= most
    assert len(seeks) <= 1


def test_playing_on_never_seeks(tmp_path, monkeypatch):
    clips.write(tmp_path / "a.mp4", clips.constant(120), gop=12)
    with Decoder(open_video(tmp_path / "a.mp4")) as decoder:
        decoder.frame(0)
        monkeypatch.setattr(decoder, "_seek", lambda key: pytest.fail(f"sought {key}"))
        for number in range(0, 120, 3):
            assert clips.read_number(decoder.frame(number).rgb) == number


def test_what_seeks_badly_is_told(tmp_path):
    clips.write(tmp_path / "bad.mp4", clips.constant(200), gop=10_000, options={"sc_threshold": "0"})
    clips.write(tmp_path / "good.mp4", clips.constant(200), gop=12)
    assert "200 frames" in seeks_badly(open_video(tmp_path / "bad.mp4"))
    assert seeks_badly(open_video(tmp_path / "good.mp4")) == ""


def test_rates(tmp_path):
    clips.write(tmp_path / "c.mp4", clips.constant(60))
    clips.write(tmp_path / "v.mp4", clips.variable(60))
    steady, uneven = open_video(tmp_path / "c.mp4"), open_video(tmp_path / "v.mp4")
    assert (steady.variable_rate, uneven.variable_rate) == (False, True)
    assert steady.rate_hz == pytest.approx(30.0, rel=0.02)
    assert steady.frame_s == pytest.approx(1 / 30)
    assert open_video(tmp_path / "c.mp4") is steady


def test_reading_can_be_stopped_and_tells_how_far_it_is(tmp_path):
    clips.write(tmp_path / "a.mkv", clips.constant(1100), pictures=(clips.picture(i) for i in range(1100)))
    with pytest.raises(Cancelled):
        open_video(tmp_path / "a.mkv", cancelled=lambda: True)
    told = []
    open_video(tmp_path / "a.mkv", progress=told.append)
    assert len(told) == 2
    assert 0 < told[0] < told[1] <= 1
