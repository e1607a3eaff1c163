"""What a diagnosis found, as cards: how grave, what was seen, what it means, what to try."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, tool_button

if TYPE_CHECKING:
    from m3n_studio.learning.diagnosis import Diagnosis, Finding

_GRAVE = {"problem": "Problem", "warning": "Warning", "hint": "Hint"}


class DiagnosisList(QWidget):
    """Findings of the runs chosen."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._shown: tuple[tuple[str, Diagnosis], ...] = ()
        self.summary = label(style="muted", accessible="What was looked for")
        self.summary.setWordWrap(True)
        self.copy = tool_button("Copy", tip="Copy the findings as text", accessible="Copy the findings",
                                style="component")  # fmt: skip
        self.copy.clicked.connect(self._copy)
        self._page = QWidget()
        self._cards = QVBoxLayout(self._page)
        self._cards.setContentsMargins(0, 0, 8, 0)
        self._cards.setSpacing(8)
        self._cards.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._page)
        named(scroll, accessible="Findings")
        for widget in (scroll.viewport(), self._page):
            widget.setAutoFillBackground(False)
        head = QHBoxLayout()
        head.addWidget(self.summary, 1)
        head.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(scroll, 1)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        shown, self._shown = self._shown, ()
        self.show_diagnoses(shown)

    def show_diagnoses(self, found: tuple[tuple[str, Diagnosis], ...]) -> None:
        """Show what was found in runs, by name."""
        if found == self._shown and self.summary.text():
            return
        self._shown = found
        while self._cards.count() > 1:
            item = self._cards.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for name, diagnosis in found:
            for finding in diagnosis.findings:
                self._cards.insertWidget(self._cards.count() - 1, self._card(name if len(found) > 1 else "", finding))
        self.summary.setText(self._summary())
        self.copy.setVisible(any(d.findings for _, d in found))

    @property
    def count(self) -> int:
        """How many problems and warnings."""
        return sum(f.severity != "hint" for _, d in self._shown for f in d.findings)

    def _summary(self) -> str:
        if not self._shown:
            return "Choose a run to hear what is wrong with it."
        total = sum(len(d.findings) for _, d in self._shown)
        epochs = sum(d.epochs for _, d in self._shown)
        looked = ", ".join(self._shown[0][1].looked_for)
        if not total and not epochs:
            return "Too early to tell: no epoch has ended yet."
        if not total:
            return f"Nothing stands out after {epochs} epochs. Looked for: {looked}."
        return f"{total} finding{'s' * (total != 1)} after {epochs} epochs."

    def _card(self, run: str, finding: Finding) -> QWidget:
        theme = self.theme
        color = {"problem": theme.error_text, "warning": theme.real}.get(finding.severity, theme.muted)
        card = named(QFrame(), accessible=f"{_GRAVE[finding.severity]}: {finding.title}")
        card.setObjectName("finding")
        card.setStyleSheet(
            f"#finding {{ background: {theme.window}; border: 1px solid {theme.border}; border-left: 3px solid {color};"
            " border-radius: 6px; }"
        )
        grave = label(_GRAVE[finding.severity] + (f" · {run}" if run else ""))
        grave.setStyleSheet(f"color: {color}; font-weight: 600;")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(4)
        layout.addWidget(grave)
        layout.addWidget(_words(finding.title, style="heading"))
        layout.addWidget(_words(finding.seen))
        layout.addWidget(_words(finding.means, style="muted"))
        advice = _words(f"<b>Try:</b> {escape(finding.advice)}")
        advice.setTextFormat(Qt.TextFormat.RichText)
        layout.addWidget(advice)
        return card

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text())

    def text(self) -> str:
        """The findings as text."""
        out = []
        for name, diagnosis in self._shown:
            for f in diagnosis.findings:
                out.append(f"{name}: {f.severity}: {f.title}\n  {f.seen}\n  {f.means}\n  Try: {f.advice}")
        return "\n\n".join(out)


def _words(text: str, *, style: str = "") -> QLabel:
    out = label(text, style=style)
    out.setWordWrap(True)
    out.setTextFormat(Qt.TextFormat.PlainText)
    out.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return out
