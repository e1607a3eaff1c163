"""`VideoTrack`: a video as part of something with a clock of its own. Frozen; nothing is opened."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from m3n_studio.recordings.timemap import TimeMap


@dataclass(frozen=True)
class VideoTrack:
    """A video and where it lies.

    Attributes
    ----------
    path : str
    span_s : (float, float)
        Own times of its first frame and of its end, s.
    time_map : TimeMap
        From own seconds to the session's.
    points : tuple of (own s, session s)
        Sync points set by hand or found; `time_map` goes through them. Empty: it was only laid somewhere.
    quarter_turns : int
        By which it is turned clockwise beyond what the file says, 0 to 3.
    """

    path: str
    span_s: tuple[float, float]
    time_map: TimeMap = field(default_factory=TimeMap)
    points: tuple[tuple[float, float], ...] = ()
    quarter_turns: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As values for JSON; :meth:`from_dict` gives it back."""
        return {
            "path": str(Path(self.path).absolute()), "span_s": list(self.span_s), "map": self.time_map.to_json(),
            "points": [list(point) for point in self.points], "quarter_turns": self.quarter_turns,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> VideoTrack:
        """The track that :meth:`to_dict` wrote; KeyError, TypeError or ValueError if it is none."""
        start, end = data["span_s"]
        points = tuple((float(own), float(session)) for own, session in data["points"])
        return cls(
            str(data["path"]), (float(start), float(end)), TimeMap.from_json(data["map"]), points,
            int(data["quarter_turns"]) % 4,
        )  # fmt: skip

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.path).name

    @property
    def session_span_s(self) -> tuple[float, float]:
        """From its first frame to its end, session s."""
        return self.time_map.to_session(self.span_s[0]), self.time_map.to_session(self.span_s[1])

    def beginning_at(self, session_s: float) -> VideoTrack:
        """With its first frame at a session time."""
        return replace(self, time_map=TimeMap.offset(session_s - self.span_s[0]), points=())

    def moved(self, by_s: float) -> VideoTrack:
        """All of it later by some seconds; its drift and the distances of its points stay."""
        shifted = tuple((own, session + by_s) for own, session in self.time_map.points)
        points = tuple((own, session + by_s) for own, session in self.points)
        return replace(self, time_map=TimeMap(shifted, self.time_map.rate), points=points)

    def with_point(self, own_s: float, session_s: float) -> VideoTrack:
        """Through another sync point; one at the same own time is replaced."""
        points = tuple(sorted({**dict(self.points), own_s: session_s}.items()))
        rate = self.time_map.rate if len(points) == 1 else 1.0
        return replace(self, time_map=TimeMap.through(points, rate), points=points)

    def without_points(self) -> VideoTrack:
        """The line through its first sync point, without drift."""
        own, session = self.time_map.points[0]
        return replace(self, time_map=TimeMap(((own, session),)), points=())
