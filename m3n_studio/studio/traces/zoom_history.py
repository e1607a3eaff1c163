"""Where the eye has been: views of time to go back to. No Qt."""

from __future__ import annotations

View = tuple[float, float]
_MOST = 100


class ZoomHistory:
    """Views before each zoom or pan; what follows quickly on one of the same kind is the same movement."""

    def __init__(self, *, pause_s: float = 0.6) -> None:
        self._views: list[View] = []
        self._pause = pause_s
        self._last = ("", float("-inf"))

    def __len__(self) -> int:
        return len(self._views)

    def push(self, view: View, kind: str, now_s: float) -> None:
        """Remember the view before a movement of a kind (``"wheel"``, ``"drag"``, ...) at wall time `now_s`."""
        kind_before, at = self._last
        self._last = (kind, now_s)
        if kind == kind_before and now_s - at < self._pause:
            return
        if not self._views or self._views[-1] != view:
            self._views = [*self._views[-_MOST:], view]

    def pop(self) -> View | None:
        """The view before the last movement, and forget it; None at the beginning."""
        self._last = ("", float("-inf"))
        return self._views.pop() if self._views else None

    def clear(self) -> None:
        """Begin anew."""
        self._views.clear()
        self._last = ("", float("-inf"))
