"""What models say of the project's recordings, as far as it is known; shared by all views.

The book only holds. A view says what it wants (:meth:`PredictionBook.want`); whoever computes listens to
`wanted` and puts in what it has, piece by piece, the pieces around the cursor first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.studio.core.desk import Desk

if TYPE_CHECKING:
    from m3n_studio.learning.predict import Predicted


class PredictionBook(QObject):
    """Predictions by session and run.

    Signals
    -------
    models_changed : (none)
        Other models are shown.
    wanted : str, str
        Session id and run path of a prediction a view wants.
    changed : str, str
        Session id and run path of what is known better now, or no longer.
    """

    models_changed = Signal()
    wanted = Signal(str, str)
    changed = Signal(str, str)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._models: tuple[str, ...] = ()
        self._held: dict[tuple[str, str], Predicted] = {}
        self._project: object = None
        self._desk = desk
        desk.project_changed.connect(self._on_project)

    @property
    def models(self) -> tuple[str, ...]:
        """Paths of the runs whose predictions are shown, the one that counts first."""
        return self._models

    def show(self, models: tuple[str, ...]) -> None:
        """Show the predictions of these runs."""
        if models != self._models:
            self._models = models
            self.models_changed.emit()

    def found(self, session: str, run: str) -> Predicted | None:
        """What is known: moments not computed yet are NaN; None where nothing is."""
        return self._held.get((session, run))

    def want(self, session: str, run: str) -> None:
        """Ask for a prediction; it comes through `changed`, possibly in pieces."""
        self.wanted.emit(session, run)

    def put(self, session: str, run: str, predicted: Predicted) -> None:
        """What is known by now, in place of what was."""
        self._held[(session, run)] = predicted
        self.changed.emit(session, run)

    def forget(self, session: str = "", run: str = "") -> None:
        """Drop what is known of a session, of a run, of both; of everything where both are empty."""
        for key in [k for k in self._held if session in ("", k[0]) and run in ("", k[1])]:
            del self._held[key]
            self.changed.emit(*key)

    @Slot()
    def _on_project(self) -> None:
        """Another project: nothing is known of it."""
        if self._desk.project is not self._project:
            self._project = self._desk.project
            self.forget()
            self.show(())
