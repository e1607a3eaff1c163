"""How the text of a table is laid out, and where its times come from."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from m3n_studio.errors import M3nError
from m3n_studio.recordings.recipe import FileSpec
from m3n_studio.studio.look.widgets import combo, label, named
from m3n_studio.studio.projects.recipe_begin import laid_out
from m3n_studio.studio.projects.recipe_draft import Draft

_DELIMITERS = (("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("spaces", "whitespace"), ("bar", "|"))
_DECIMALS = (("point", "."), ("comma", ","))
_TIMES = (("a column", False), ("a fixed rate", True))


class LayoutBar(QWidget):
    """Delimiter, header, decimals; times from a column or a rate.

    Signals
    -------
    edited : Draft
        By the user.
    """

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft: Draft | None = None
        self.delimiter = self._choice("Cells are separated by", "Separator", _DELIMITERS)
        self.decimal = self._choice("What stands before decimals", "Decimals", _DECIMALS)
        self.skip = self._spin("Lines before the titles that are no part of the table", "Lines to skip", 10_000)
        self.head = self._spin("Rows of titles; several are joined by /", "Rows of titles", 5)
        self.below = self._spin("Rows between the titles and the numbers, e.g. of units", "Rows below the titles", 100)
        self.times = self._choice("Where the times come from", "Times", _TIMES)
        self.rate = named(
            QDoubleSpinBox(minimum=0.0, maximum=1e5, decimals=3, suffix=" Hz"),
            tip="Sampling rate, Hz", accessible="Sampling rate in hertz",
        )  # fmt: skip
        self.rate.setSpecialValueText("rate in Hz")
        self.rate.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.rate.setKeyboardTracking(False)
        self.trouble = label(style="warning")
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        self._lay_out()
        for box in (self.delimiter, self.decimal):
            box.activated.connect(self._on_file)
        for spin in (self.skip, self.head, self.below):
            spin.valueChanged.connect(self._on_file)
        self.times.activated.connect(self._on_times)
        self.rate.valueChanged.connect(self._on_times)

    def _choice(self, tip: str, accessible: str, rows: tuple[tuple[str, Any], ...]) -> QComboBox:
        box = combo(tip=tip, accessible=accessible)
        for words, value in rows:
            box.addItem(words, value)
        return box

    def _spin(self, tip: str, accessible: str, most: int) -> QSpinBox:
        box = named(QSpinBox(minimum=0, maximum=most), tip=tip, accessible=accessible)
        box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        box.setFixedWidth(self.fontMetrics().horizontalAdvance("10000") + 26)
        return box

    def _lay_out(self) -> None:
        fields = (
            ("Separator", self.delimiter), ("Decimals", self.decimal), ("Skip lines", self.skip),
            ("Title rows", self.head), ("Rows below", self.below),
        )  # fmt: skip
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(2)
        for column, (words, field) in enumerate(fields):
            name = label(words, style="muted")
            name.setBuddy(field)
            grid.addWidget(name, 0, column)
            grid.addWidget(field, 1, column)
        name = label("Times from", style="muted")
        name.setBuddy(self.times)
        grid.addWidget(name, 0, len(fields))
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.times)
        row.addWidget(self.rate)
        grid.addLayout(row, 1, len(fields))
        grid.setColumnStretch(len(fields) + 1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(grid)
        layout.addWidget(self.trouble)

    def show_draft(self, draft: Draft) -> None:
        """Show a draft's layout."""
        self._draft = draft
        boxes = (self.delimiter, self.decimal, self.skip, self.head, self.below, self.times, self.rate)
        blockers = [QSignalBlocker(box) for box in boxes]
        found = self.delimiter.findData(draft.file.delimiter)
        if found < 0:
            self.delimiter.addItem(repr(draft.file.delimiter), draft.file.delimiter)
            found = self.delimiter.count() - 1
        self.delimiter.setCurrentIndex(found)
        self.decimal.setCurrentIndex(self.decimal.findData(draft.file.decimal))
        self.skip.setValue(draft.file.skip_lines)
        self.head.setValue(draft.file.header_rows)
        self.below.setValue(draft.file.rows_below_header)
        self.times.setCurrentIndex(int(draft.by_rate))
        self.rate.setVisible(draft.by_rate)
        if not self.rate.hasFocus():
            self.rate.setValue(draft.rate_hz)
        del blockers

    def set_trouble(self, text: str) -> None:
        """What is wrong with the layout or the times; empty: nothing."""
        self.trouble.setText(text)
        self.trouble.setVisible(bool(text))

    def _on_file(self, *_: object) -> None:
        if self._draft is None:
            return
        old = self._draft.file
        spec = FileSpec(**{
            **old.model_dump(), "delimiter": self.delimiter.currentData(), "decimal": self.decimal.currentData(),
            "skip_lines": self.skip.value(), "header_rows": self.head.value(), "rows_below_header": self.below.value(),
        })  # fmt: skip
        try:
            draft = laid_out(self._draft, spec)
        except M3nError as error:
            self.set_trouble(str(error))
            return
        self.set_trouble("")
        self.edited.emit(draft)

    def _on_times(self, *_: object) -> None:
        if self._draft is not None:
            by_rate = bool(self.times.currentData())
            self.edited.emit(self._draft.with_(by_rate=by_rate, rate_hz=self.rate.value()))
