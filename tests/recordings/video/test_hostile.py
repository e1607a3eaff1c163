"""Files that are no video, damaged or hostile: read or refused with one FileError, never anything else."""

import wave
from fractions import Fraction

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.recordings.video import container, index
from m3n_studio.recordings.video.decoder import Decoder
from m3n_studio.recordings.video.index import open_video
from tests.recordings.video import clips


def refused(path, words):
    with pytest.raises(FileError) as error:
        open_video(path)
    message = str(error.value)
    assert words in message
    assert path.name in message
    assert "\n" not in message


def test_what_is_no_video_is_refused(tmp_path):
    refused(tmp_path / "gone.mp4", "no such file")
    refused(tmp_path, "folder")
    for name, data in {
        "empty.mp4": b"",
        "text.mp4": b"hello there\n" * 500,
        "noise.mkv": bytes(range(256)) * 40,
    }.items():
        (tmp_path / name).write_bytes(data)
        refused(tmp_path / name, "cannot be read as video")


def test_sound_alone_is_refused(tmp_path):
    import av

    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(8000))
    refused(tmp_path / "a.wav", "cannot be read as video")
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        sound = out.add_stream("aac", rate=16000, layout="mono")
        out.mux(clips._tone(sound, 1.0))
        out.mux(sound.encode(None))
    refused(tmp_path / "a.mp4", "sound only")


def test_a_play_list_opens_no_other_file(tmp_path):
    clips.write(tmp_path / "secret.ts", clips.constant(10))
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n")
    refused(tmp_path / "list.mp4", "cannot be read as video")
    (tmp_path / "concat.mp4").write_text("ffconcat version 1.0\nfile secret.ts\n")
    refused(tmp_path / "concat.mp4", "cannot be read as video")


def test_too_large_and_too_many_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.mp4"
    clips.write(path, clips.constant(30))
    monkeypatch.setattr(index, "MOST_FRAMES", 20)
    refused(path, "more than 20")
    monkeypatch.setattr(container, "MOST_PIXELS", 1000)
    refused(path, "160 x 100 pixels")


def test_frames_without_times_are_refused_rather_than_guessed(tmp_path):
    clips.write(tmp_path / "b.avi", clips.constant(30), base=Fraction(1, 30), options={"bf": "2"})
    refused(tmp_path / "b.avi", "B-frames in an AVI file")


def mutate(data, rng):
    data = bytearray(data)
    for _ in range(int(rng.integers(1, 12))):
        at = int(rng.integers(0, len(data)))
        match int(rng.integers(0, 4)):
            case 0:
                data[at] = int(rng.integers(0, 256))
            case 1:
                del data[at : at + int(rng.integers(1, 200))]
            case 2:
                data[at:at] = bytes(rng.integers(0, 256, int(rng.integers(1, 40)), dtype=np.uint8))
            case 3:
                data = data[: max(at, 20)] if rng.random() < 0.2 else data
        if len(data) < 40:
            break
    return bytes(data)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.ts", "libx264")]
)
def test_damaged_files_are_read_or_refused(tmp_path, name, codec):
    good = tmp_path / f"good-{name}"
    clips.write(good, clips.constant(40), codec=codec, gop=10, base=Fraction(1, 30), options={"bf": "0"})
    data, rng = good.read_bytes(), np.random.default_rng(7)
    shown, told = 0, []
    for round_ in range(120):
        path = tmp_path / f"{round_}-{name}"
        path.write_bytes(mutate(data, rng))
        try:
            video = open_video(path)
            with Decoder(video) as decoder:
                for number in rng.integers(0, len(video), 4):
                    picture = decoder.frame(int(number))
                    assert picture.rgb.shape == (video.size[1], video.size[0], 3)
                    shown += 1
        except FileError as error:
            told.append(str(error))
        path.unlink(missing_ok=True)
    assert shown > 0
    assert told or name == "a.ts"
    assert not [words for words in told if "\n" in words or len(words) > 1000]


def test_a_file_that_goes_while_it_is_shown_is_told(tmp_path):
    path = tmp_path / "a.mp4"
    clips.write(path, clips.constant(10))
    video = open_video(path)
    path.unlink()
    with pytest.raises(FileError, match="no such file"):
        Decoder(video)
