"""What the label list shows: words, class, author, source, confidence, length."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from m3n_studio.annotation.find import Filter
from m3n_studio.studio.labels.label_entries import Row
from m3n_studio.studio.look.widgets import combo, label, named, tool_button

_TYPING_MS = 150
_FAR_S = 86400.0


def _spin(low: float, high: float, suffix: str, words: str) -> QDoubleSpinBox:
    box = named(QDoubleSpinBox(), tip=words, accessible=words)
    box.setRange(low, high)
    box.setDecimals(2 if suffix == " s" else 0)
    box.setSuffix(suffix)
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    box.setKeyboardTracking(False)
    return box


class FilterBar(QWidget):
    """The choices.

    Signals
    -------
    changed : (none)
    scope_changed : (none)
    """

    changed = Signal()
    scope_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.words = named(QLineEdit(), accessible="Search labels",
                           tip="Words in class, tier, author, note or session (F3: next match)")  # fmt: skip
        self.words.setPlaceholderText("Search")
        self.words.setClearButtonEnabled(True)
        self.scope = combo(tip="Labels of the open session, or of the whole project", accessible="Which sessions")
        self.scope.addItem("This session", False)
        self.scope.addItem("Project", True)
        self.name = combo(tip="Only labels of a class", accessible="Class", characters=5)
        self.author = combo(tip="Only labels someone made", accessible="Author", characters=5)
        self.source = combo(tip="Only labels of persons, or of models", accessible="Source", characters=5)
        for words, value in (("Source", ""), ("Person", "person"), ("Model", "model")):
            self.source.addItem(words, value)
        self.more = tool_button("More", tip="Filter by length and confidence", accessible="More filters",
                                style="component", checked=False)  # fmt: skip
        self.least_s = _spin(0.0, _FAR_S, " s", "Shortest label shown, s")
        self.most_s = _spin(0.0, _FAR_S, " s", "Longest label shown, s")
        self.least = _spin(0.0, 100.0, " %", "Least confidence shown; labels without one are left out")
        self.most = _spin(0.0, 100.0, " %", "Greatest confidence shown; labels without one are left out")
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._lay_out()
        self.clear()
        self._connect()

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.words, 1)
        first.addWidget(self.scope)
        for box in (self.name, self.author, self.source):
            second.addWidget(box, 1)
        second.addWidget(self.more)
        self.extra = QWidget()
        grid = QGridLayout(self.extra)
        grid.setContentsMargins(0, 0, 0, 0)
        for number, (words, low, high) in enumerate(
            (("Length", self.least_s, self.most_s), ("Confidence", self.least, self.most))
        ):
            for i, widget in enumerate((label(words, style="muted"), low, label("to", style="muted"), high)):
                grid.addWidget(widget, number, i)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        self.extra.hide()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        for row in (first, second):
            row.setSpacing(6)
            whole.addLayout(row)
        whole.addWidget(self.extra)

    def _connect(self) -> None:
        self.words.textChanged.connect(self._typing.start)
        self._typing.timeout.connect(self.changed)
        for box in (self.name, self.author, self.source):
            box.activated.connect(self.changed)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.scope.activated.connect(self.scope_changed)
        self.more.toggled.connect(self._on_more)
        for spin in (self.least_s, self.most_s, self.least, self.most):
            spin.valueChanged.connect(self.changed)

    def _on_more(self, on: bool) -> None:
        self.extra.setVisible(on)
        self.changed.emit()

    def clear(self) -> None:
        """Show all."""
        self.words.clear()
        for box in (self.name, self.author, self.source):
            box.setCurrentIndex(0)
        for spin, value in ((self.least_s, 0.0), (self.most_s, _FAR_S), (self.least, 0.0), (self.most, 100.0)):
            spin.setValue(value)

    def offer(self, rows: list[Row]) -> None:
        """Offer the classes and authors there are; a choice that is no longer there is dropped."""
        _fill(self.name, "Class", sorted({r.label.name for r in rows}, key=str.casefold))
        _fill(self.author, "Author", sorted({r.annotation.author for r in rows if r.annotation.author}))

    @property
    def whole_project(self) -> bool:
        """Whether labels of all sessions are wanted."""
        return bool(self.scope.currentData())

    @property
    def names(self) -> frozenset[str]:
        """Names of classes wanted; empty: all."""
        return frozenset(filter(None, [self.name.currentData()]))

    @property
    def wanted(self) -> Filter:
        """The rest of the choices."""
        author, source = self.author.currentData(), self.source.currentData()
        more = self.more.isChecked()
        length = tuple(sorted((self.least_s.value(), self.most_s.value())))
        sure = tuple(sorted((self.least.value() / 100, self.most.value() / 100)))
        return Filter(
            authors=frozenset(filter(None, [author])), sources=frozenset(filter(None, [source])),
            duration_s=(length[0], length[1]) if more and length != (0.0, _FAR_S) else None,
            confidence=(sure[0], sure[1]) if more and sure != (0.0, 1.0) else None,
        )  # fmt: skip


def _fill(box: QComboBox, any_words: str, names: list[str]) -> None:
    now = box.currentData()
    if [box.itemData(i) for i in range(1, box.count())] == names and box.count():
        return
    box.clear()
    box.addItem(any_words, "")
    for name in names:
        box.addItem(name, name)
    box.setCurrentIndex(max(box.findData(now), 0) if now else 0)
