"""What takes a while with videos, as functions of a task. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from m3n_studio.recordings.signal import Signal
    from m3n_studio.recordings.video.index import VideoFile
    from m3n_studio.recordings.video.sync import Synchronised


class Task(Protocol):
    """The worker's side of a job."""

    def progress(self, done: float, total: float) -> None:
        """Tell how far it is."""

    def cancelled(self) -> bool:
        """Whether to stop."""


def read_index(path: str, task: Task) -> VideoFile:
    """When each frame of a video is shown."""
    from m3n_studio.recordings.video.index import open_video

    return open_video(path, progress=lambda share: task.progress(share, 1.0), cancelled=task.cancelled)


def find_claps(video: VideoFile, signals: Sequence[Signal], task: Task) -> tuple[str, Synchronised]:
    """The video's path, and where it lies on the clock of the signals."""
    from m3n_studio.recordings.video.motion import motion_energy
    from m3n_studio.recordings.video.sync import synchronise

    energy = motion_energy(video, progress=lambda share: task.progress(share, 1.0), cancelled=task.cancelled)
    return str(video.path), synchronise(energy, signals)


def make_copy(video: VideoFile, path: Path, task: Task) -> tuple[str, VideoFile]:
    """The video's path, and a copy of it that seeks well."""
    from m3n_studio.recordings.video.index import open_video
    from m3n_studio.recordings.video.reencode import reencode

    reencode(video, path, progress=lambda share: task.progress(share, 1.0), cancelled=task.cancelled)
    return str(video.path), open_video(path)
