"""The stretch that is proposed, played round and round if the user wants."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.selection import Range, Selection

#: Stretches shorter than this are looped with what is around them, s.
_LEAST_S = 1.0


class Loop(QObject):
    """Sets the clock's loop to what is proposed, and takes away only what it has set."""

    def __init__(self, clock: Clock, selection: Selection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock, self._selection = clock, selection
        self._on, self._plays = False, False
        self._expected: Range | None = None
        self._set: Range | None = None
        selection.proposed_changed.connect(self._on_proposed)

    def expect(self, span: Range, playing: bool) -> None:
        """A stretch (s) is about to be proposed; it is played on arrival if it played before."""
        self._expected, self._plays = span, playing
        if self._selection.proposed == span:
            self._arrived(span)

    @Slot(bool)
    def set_on(self, on: bool) -> None:
        """Loop, or no longer."""
        self._on = on
        if on and self._expected is not None and self._selection.proposed == self._expected:
            self._plays = True
            self._arrived(self._expected)
        elif not on:
            self._free()

    @Slot(object)
    def _on_proposed(self, span: Range | None) -> None:
        if span is not None and span == self._expected:
            self._arrived(span)
        elif span is None:
            self._free()

    def _arrived(self, span: Range) -> None:
        if not self._on:
            return
        pad = max(_LEAST_S - (span[1] - span[0]), 0.0) / 2
        self._clock.set_loop((span[0] - pad, span[1] + pad))
        self._set = self._clock.loop
        if self._plays:
            self._clock.play()

    def _free(self) -> None:
        if self._set is not None and self._clock.loop == self._set:
            self._clock.set_loop(None)
        self._set = None
