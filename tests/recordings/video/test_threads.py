"""Frames that are kept cost memory and nothing else."""

from pathlib import Path

import pytest

from m3n_studio.recordings.video.decoder import Decoder
from m3n_studio.recordings.video.index import open_video
from tests.recordings.video import clips


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_frames_kept_have_no_threads_of_their_own(tmp_path):
    clips.write(tmp_path / "a.mp4", clips.constant(60))
    tasks = Path("/proc/self/task")
    with Decoder(open_video(tmp_path / "a.mp4")) as decoder:
        decoder.frame(0, (80, 50))
        before = len(list(tasks.iterdir()))
        for number in range(60):
            decoder.frame(number, (80, 50))
        assert len(list(tasks.iterdir())) <= before
