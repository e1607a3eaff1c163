"""From keys and the clock to labels on disk: the state of labelling, kept going while it plays."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.annotation.labelling import Labelling, Mode, Step
from m3n_studio.annotation.track import Track
from m3n_studio.errors import M3nError
from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.desk import Desk

MODES = get_args(Mode)
#: What is pending is written this often while it plays, s of wall time: no more is lost if the machine dies.
SAVE_S = 0.5
_JUMP_S = 0.5


class Labeller(QObject):
    """Labels on the desk's tier.

    Signals
    -------
    pending_changed : (none)
        What is being labelled, or how long it is by now.
    """

    pending_changed = Signal()

    def __init__(self, desk: Desk, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._clock = desk, clock
        self._state = Labelling("")
        self._last_s = clock.time_s
        self._saved_at = 0.0
        self._mode: Mode = "hold"
        clock.time_changed.connect(self._on_time)
        clock.playing_changed.connect(self._on_playing)
        desk.session_changed.connect(self._restart)
        desk.tiers_changed.connect(self._on_tiers)

    @property
    def mode(self) -> Mode:
        """What a class key does."""
        return self._mode

    @property
    def pending(self) -> tuple[tuple[str, float, float], ...]:
        """What is being labelled: class id, start and end, s."""
        now = self._last_s
        return tuple((p.label, min(p.start_s, now), max(p.start_s, now)) for p in self._state.pending)

    @property
    def pending_ids(self) -> frozenset[str]:
        """Ids of the labels it grows on the track."""
        return frozenset(p.id for p in self._state.pending)

    def set_mode(self, mode: Mode) -> None:
        """Label in another mode; what is pending ends here."""
        self.finish()
        self._mode = mode
        self._state = replace(self._state, mode=mode)

    @Slot()
    def _restart(self) -> None:
        """Another session or tier: a fresh state."""
        start, end = self._desk.span_s()
        tier = self._desk.tier
        self._state = Labelling(
            "" if tier is None else tier.id, self._mode, self._desk.author, start, max(end, start)
        )  # fmt: skip
        self._last_s = self._clock.time_s
        self.pending_changed.emit()

    @Slot()
    def _on_tiers(self) -> None:
        tier = self._desk.tier
        if tier is None or tier.id != self._state.tier:
            self._restart()

    def press(self, key: str) -> None:
        """A class key goes down."""
        self._do(lambda: self._fresh().key_down(self._track(), key, self._clock.time_s))

    def release(self, key: str) -> None:
        """A class key is released."""
        self._do(lambda: self._state.key_up(self._track(), key, self._clock.time_s))

    def begin(self, label: str) -> None:
        """What the key of a class does, for its button; on a button nothing is held, so it toggles."""
        held = self._state.mode == "hold"
        state = replace(self._fresh(), mode="toggle") if held else self._fresh()
        self._do(lambda: state.begin(self._track(), label, self._clock.time_s))
        self._state = replace(self._state, mode=self._mode)

    def finish(self) -> None:
        """End what is pending where the clock was."""
        if self._state.pending:
            self._do(lambda: self._state.finish(self._track(), self._last_s))

    def cancel(self) -> None:
        """Take back what is pending."""
        if self._state.pending:
            self._do(lambda: self._state.cancel(self._track()))

    def _fresh(self) -> Labelling:
        return replace(self._state, author=self._desk.author)

    def _track(self) -> Track:
        return self._desk.tracks[self._state.tier]

    def _do(self, steps_of: Callable[[], tuple[Step, ...]]) -> None:
        if self._desk.session is None or self._state.tier not in self._desk.tracks:
            return
        try:
            steps = steps_of()
        except M3nError as error:
            self._desk.failed.emit(str(error))
            return
        for step in steps:
            if step.change and not self._desk.take((step,)):
                self._state = replace(self._state, pending=())
                break
            self._state = step.state
        self.pending_changed.emit()

    @Slot(float)
    def _on_time(self, time_s: float) -> None:
        before, self._last_s = self._last_s, time_s
        if not self._state.pending:
            return
        moved = time_s - before
        if self._clock.playing and not 0 <= moved <= _JUMP_S * max(self._clock.speed, 1.0):
            self._last_s = before
            self.finish()
            self._last_s = time_s
            return
        now = time.monotonic()
        if self._clock.playing and now - self._saved_at >= SAVE_S:
            self._saved_at = now
            self._do(lambda: self._state.tick(self._track(), time_s))
        self.pending_changed.emit()

    @Slot(bool)
    def _on_playing(self, playing: bool) -> None:
        if not playing and self._state.pending:
            self._do(lambda: self._state.tick(self._track(), self._last_s))
