"""How far the open project has come with learning, for the bar that says what is next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from m3n_studio.annotation.track import Track
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.run_shelf import RunShelf

#: Of a session that is worth training on: classes, and share of its labels' reach that is labelled.
_CLASSES, _SHARE = 2, 0.5
_CUT_OFF = ("interrupted", "cancelled")
_SETTLE_MS = 150


@dataclass(frozen=True)
class Learned:
    """What there is of learning.

    Attributes
    ----------
    labelled : bool
        The session on the desk has labels enough to try.
    runs : int
    running : str
        Kind of the run that is being trained; empty for none.
    encoder, classifier : str
        Names of the newest finished runs that pretrained and finetuned.
    cut_off : str
        Name of a run that was not finished when the project was opened, and still is not.
    """

    labelled: bool = False
    runs: int = 0
    running: str = ""
    encoder: str = ""
    classifier: str = ""
    cut_off: str = ""


class LearnWatch(QObject):
    """Looks when runs, labels or the project change.

    Signals
    -------
    changed : (none)
    """

    changed = Signal()

    def __init__(self, desk: Desk, runs: RunShelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._runs = desk, runs
        self._home: Path | None = None
        self._cut_off: tuple[str, ...] = ()
        self._labelled: tuple[object, bool] = (None, False)
        self._later = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._later.timeout.connect(self.changed)
        runs.changed.connect(self._on_runs)
        desk.project_changed.connect(self._on_runs)
        desk.labels_changed.connect(self._soon)

    @Slot()
    def _soon(self, *_: object) -> None:
        self._later.start()

    @Slot()
    def _on_runs(self) -> None:
        """Another project: what in it was cut off before; it stays so until it goes on."""
        found = {e.path: e for e in self._runs.entries}
        if self._runs.home != self._home:
            self._home = self._runs.home
            self._cut_off = tuple(p for p, e in found.items() if not e.elsewhere)
        self._cut_off = tuple(p for p in self._cut_off if p in found and found[p].status in _CUT_OFF)
        self._later.start()

    def state(self) -> Learned:
        """How far it is now."""
        entries = self._runs.entries
        done = {e.kind: e.name for e in reversed(entries) if e.status == "finished"}
        return Learned(
            self._is_labelled(), len(entries), next((e.kind for e in entries if e.live), ""),
            done.get("pretrain", ""), done.get("finetune", ""),
            next((found.name for p in self._cut_off if (found := self._runs.entry(p)) is not None), ""),
        )  # fmt: skip

    def _is_labelled(self) -> bool:
        track = self._desk.track
        if track is not self._labelled[0]:
            self._labelled = (track, track is not None and enough(track, self._desk.span_s()))
        return self._labelled[1]


def enough(track: Track, span_s: tuple[float, float]) -> bool:
    """Whether a session's tier of intervals has classes and time enough labelled to try learning."""
    if track.tier.kind != "interval":
        return False
    seconds = sum(a.end_s - a.start_s for a in track)
    return len({a.label for a in track}) >= _CLASSES and seconds >= _SHARE * (span_s[1] - span_s[0])
