"""How much moves in a video: the mean difference between neighbouring small grey frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.recordings.video.container import explained, opened
from m3n_studio.recordings.video.index import Progress, VideoFile

Array = NDArray[np.float64]
SIDE = 96  # of the small frames, pixels


@dataclass(frozen=True, eq=False)
class MotionEnergy:
    """What changed from each frame to the next.

    Attributes
    ----------
    times_s : (M,) float64, own s
        Half way between the two frames: where, on the whole, the change took place.
    gap_s : (M,) float64, s
        From one frame to the next; the change is known to half of it.
    energy : (M,) float64
        Mean absolute difference of grey values, 0 (same) to 1 (black to white).
    """

    times_s: Array
    gap_s: Array
    energy: Array

    def __post_init__(self) -> None:
        for array in (self.times_s, self.gap_s, self.energy):
            array.flags.writeable = False

    @property
    def per_frame(self) -> Array:
        """The energy, less where frames lie further apart than usual: more moves in more time, (M,)."""
        usual = float(np.median(self.gap_s))
        return np.asarray(self.energy / np.maximum(self.gap_s / usual, 1.0))


def motion_energy(
    video: VideoFile,
    *,
    start_s: float | None = None,
    stop_s: float | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> MotionEnergy:
    """Decode a stretch of a video (own s; all of it by default) and measure how much moves.

    Raises
    ------
    ValueProblem
        Fewer than two frames in the stretch.
    FileError, Cancelled
    """
    first = video.number_at(video.start_s if start_s is None else start_s)
    last = video.number_at(video.end_s if stop_s is None else stop_s)
    if last <= first:
        raise ValueProblem(f"{video.path.name}: expected a stretch of at least two frames; found one")
    width, height = video.stored_size
    share = min(SIDE / max(width, height), 1.0)
    small = max(round(width * share), 1), max(round(height * share), 1)
    pts, levels = [], []
    before: NDArray[np.float32] | None = None
    for at, grey in _grey_frames(video, first, last, small):
        pts.append(at)
        levels.append(0.0 if before is None else float(np.abs(grey - before).mean()) / 255.0)
        before = grey
        if len(pts) % 32 == 0:
            if cancelled is not None and cancelled():
                raise Cancelled("stopped")
            if progress is not None:
                progress(len(pts) / (last - first + 1))
    if len(pts) < 2:
        raise FileError(video.path, found="fewer than two frames that can be decoded", expected="an intact file")
    base = video.time_base
    times = np.asarray(pts, dtype=np.float64) * (base.numerator / base.denominator)
    gaps = np.diff(times)
    return MotionEnergy(times[:-1] + gaps / 2, gaps, np.asarray(levels[1:]))


def _grey_frames(video: VideoFile, first: int, last: int, small: tuple[int, int]):  # type: ignore[no-untyped-def]
    """Presentation time (ticks) and small grey picture of each frame from `first` to `last`."""
    import av

    begin, end = int(video.pts[first]), int(video.pts[last])
    with opened(video.path) as (container, stream):
        if first:
            container.seek(int(video.pts[video.key_before(first)]), stream=stream)
        seen = -(1 << 62)
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue
            for frame in frames:
                if frame.pts is None or frame.pts < begin or frame.pts <= seen:
                    continue
                if frame.pts > end:
                    return
                seen = frame.pts
                with explained(video.path):
                    grey = frame.reformat(*small, format="gray8", interpolation="AREA").to_ndarray()
                yield frame.pts, grey.astype(np.float32)
