"""The bar that offers, after a crash, to open again what was open."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QWidget

from m3n_studio.studio.frame.crash import Remains
from m3n_studio.studio.frame.session import names_of
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, push_button


class RestoreBar(QFrame):
    """Hidden unless the last run died.

    Signals
    -------
    restore_wanted : dict
        The session.
    """

    restore_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBar")
        self.setAccessibleName("After a crash")
        self._remains: Remains | None = None
        self.text = label()
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.restore_button = push_button("Restore", tip="Open what was open, as it was", style="primary")
        self.report_button = push_button("Show report", tip="What is known about the end of the last run")
        self.no_button = push_button("Not now", tip="Begin with nothing open")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        for button in (self.restore_button, self.report_button, self.no_button):
            row.addWidget(button)
        self.restore_button.clicked.connect(self._restore)
        self.report_button.clicked.connect(self._report)
        self.no_button.clicked.connect(self.hide)
        self.hide()

    def offer(self, remains: Remains) -> None:
        """Ask about a run that died."""
        self._remains = remains
        names = names_of(remains.session)
        words = "m3n Studio did not end properly last time."
        self.text.setText(f"{words} {names} can be opened as you left it." if names else words)
        self.restore_button.setVisible(bool(names))
        self.report_button.setVisible(remains.report is not None)
        self.show()
        (self.restore_button if names else self.no_button).setFocus(Qt.FocusReason.OtherFocusReason)

    def _restore(self) -> None:
        self.hide()
        if self._remains is not None:
            self.restore_wanted.emit(self._remains.session)

    def _report(self) -> None:
        if self._remains is not None and self._remains.report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._remains.report)))

    def set_theme(self, theme: Theme) -> None:
        """Its colours are the style sheet's."""
