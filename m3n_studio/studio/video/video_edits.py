"""What the user can change about videos, as edits of the document. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from m3n_studio.recordings.video.track import VideoTrack
from m3n_studio.studio.core.document import Document, Edit


def add_video(track: VideoTrack) -> Edit:
    """Lay a video beside what is shown; one that is there already stays as it is."""

    def change(d: Document) -> Document:
        if any(video.path == track.path for video in d.videos):
            return d
        return d.with_(videos=(*d.videos, track), title=d.title or track.name)

    return Edit(f"Add {track.name}", change)


def remove_video(path: str, name: str) -> Edit:
    """Take a video away; the file stays."""
    return Edit(f"Remove {name}", lambda d: d.with_(videos=tuple(v for v in d.videos if v.path != path)))


def change_video(path: str, label: str, change: Callable[[VideoTrack], VideoTrack], *, merge: str = "") -> Edit:
    """Lay a video elsewhere in time, or turn it."""
    return Edit(
        label, lambda d: d.with_(videos=tuple(change(v) if v.path == path else v for v in d.videos)),
        merge and f"video:{path}:{merge}",
    )  # fmt: skip


def turn_video(path: str) -> Edit:
    """Turn a video clockwise by a quarter."""
    return change_video(path, "Turn the video", lambda v: replace(v, quarter_turns=(v.quarter_turns + 1) % 4))


def replace_file(path: str, copy: str, span_s: tuple[float, float]) -> Edit:
    """Show a copy with the same times in place of a video."""
    return change_video(path, "Use the copy", lambda v: replace(v, path=copy, span_s=span_s))
