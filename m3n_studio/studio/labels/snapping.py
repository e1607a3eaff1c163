"""What an edge may jump to on the desk: other labels' edges, what happens in the recordings, video frames.

Signals are read a few seconds about the edge only, so recordings of a day cost no more than short ones.
SciPy and the frames of videos are fetched in the background when a session is opened; until they are there
the other kinds work.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Slot

from m3n_studio.annotation import snap
from m3n_studio.errors import M3nError
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.jobs import Jobs, Task

if TYPE_CHECKING:
    from m3n_studio.recordings.signal import Signal as Recording
    from m3n_studio.recordings.video.track import VideoTrack

Array = NDArray[np.float64]

#: What the user may choose: name, words, tip.
KINDS = (
    ("edge", "Edges of labels", "Starts and ends of labels on every tier"),
    ("signal", "Signals", "Where a recording starts or stops to move, and the highs and lows of |a|"),
    ("frame", "Video frames", "The moment of each frame of the videos"),
)
#: Where more than this is within reach of the mouse a sample means nothing, s.
MOST_SIGNAL_S = 1.0
_BLOCK_S, _MARGIN_S = 4.0, 2.0
_KEEP = 16
_WORDS = {"edge": "edge: {}", "onset": "{} starts or stops", "extremum": "{} peak", "frame": "frame of {}"}


class Snapper(QObject):
    """Gives times to jump to, as `LabelStrip.snap` wants it.

    Attributes
    ----------
    on : bool
    kinds : set of str
        Of :data:`KINDS`.
    """

    def __init__(self, desk: Desk, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._jobs = desk, jobs
        self.on = True
        self.kinds: set[str] = {name for name, _, _ in KINDS}
        self._contents = Contents()
        self._ready = False
        self._frames: dict[str, Array] = {}
        self._asked: set[str] = set()
        self._blocks: dict[tuple[int, int], tuple[snap.Moments, ...]] = {}

    def set_contents(self, contents: Contents) -> None:
        """Look at other recordings and videos."""
        before, self._contents = self._contents.document, contents
        if before is not contents.document:
            self._blocks.clear()
        if not contents.document.session_id:
            return
        new = [v for v in contents.document.videos if v.path not in self._asked]
        if self._ready and not new:
            return
        self._asked |= {v.path for v in new}
        self._jobs.run("Preparing to snap", lambda task: _prepared(task, new), done=self._on_ready, quiet=True)

    @Slot(object)
    def _on_ready(self, frames: object) -> None:
        self._ready = True
        if isinstance(frames, dict):
            self._frames.update(frames)

    def __call__(self, time_s: float, tolerance_s: float) -> tuple[float, str]:
        """The time to jump to and why; the time itself and no reason where there is nothing near."""
        return self.at(time_s, tolerance_s)

    def at(self, time_s: float, tolerance_s: float, without: Collection[str] = ()) -> tuple[float, str]:
        """As a call, without the edges of some labels (ids)."""
        if not self.on:
            return time_s, ""
        tracks = tuple(self._desk.tracks.values()) if "edge" in self.kinds else ()
        moments: list[snap.Moments] = []
        if "signal" in self.kinds and self._ready and tolerance_s <= MOST_SIGNAL_S:
            moments += self._signals(time_s)
        if "frame" in self.kinds:
            moments += self._videos()
        found = snap.nearest(time_s, tolerance_s, tracks=tracks, moments=moments, without=tuple(without))
        return (time_s, "") if found is None else (found.time_s, _WORDS[found.reason].format(found.what))

    def _videos(self) -> list[snap.Moments]:
        return [
            snap.Moments("frame", np.asarray(v.time_map.to_session(self._frames[v.path])), v.name)
            for v in self._contents.document.videos if v.path in self._frames
        ]  # fmt: skip

    def _signals(self, time_s: float) -> list[snap.Moments]:
        document = self._contents.document
        out: list[snap.Moments] = []
        block = int(time_s // _BLOCK_S)
        for number in range(len(document.recordings) + len(document.long)):
            key = (number, block)
            if key not in self._blocks:
                while len(self._blocks) >= _KEEP * max(len(document.recordings) + len(document.long), 1):
                    self._blocks.pop(next(iter(self._blocks)))
                self._blocks[key] = _moments(self._read(number, block))
            out += self._blocks[key]
        return out

    def _read(self, number: int, block: int) -> Recording | None:
        document = self._contents.document
        low, high = block * _BLOCK_S - _MARGIN_S, (block + 1) * _BLOCK_S + _MARGIN_S
        if number >= len(document.recordings):
            try:
                return document.long[number - len(document.recordings)].read(low, high)
            except M3nError:
                return None
        whole = document.recordings[number]
        first, stop = np.searchsorted(whole.time_s, (low, high))
        if stop - first < 3:
            return None
        part = slice(int(first), int(stop))
        return whole.with_(
            time_s=whole.time_s[part], acc_mps2=whole.acc_mps2[part], gyr_radps=whole.gyr_radps[part],
            valid=None if whole.valid is None else whole.valid[part],
        )  # fmt: skip


def _moments(part: Recording | None) -> tuple[snap.Moments, ...]:
    """Onsets and extrema of the length of acceleration of a few seconds."""
    if part is None or len(part) < 3:
        return ()
    norm = np.linalg.norm(part.acc_mps2, axis=1)
    valid = np.isfinite(norm) if part.valid is None else np.isfinite(norm) & part.valid
    times = np.asarray(part.time_s, dtype=np.float64)
    return (
        snap.Moments("onset", snap.onsets(times, norm, valid), part.name),
        snap.Moments("extremum", snap.extrema(times, norm, valid), f"{part.name} |a|"),
    )


def _prepared(task: Task, videos: list[VideoTrack]) -> dict[str, Array]:
    """Import what finds peaks, and read when the frames of videos are, own s."""
    import scipy.signal  # noqa: F401

    found: dict[str, Array] = {}
    for video in videos:
        from m3n_studio.recordings.video.index import open_video

        task.check()
        try:
            found[video.path] = np.asarray(open_video(video.path).times_s, dtype=np.float64)
        except M3nError:
            continue  # the video view tells that it cannot be read
    return found
