"""Every setting that matters for a kind of run, by table, with a search; made a few rows at a time when opened."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, tool_button
from m3n_studio.studio.training.draft import Draft
from m3n_studio.studio.training.field_row import FieldRow
from m3n_studio.studio.training.form_schema import FieldSpec, for_kind

#: Rows made in one go: a few milliseconds.
AT_ONCE = 3


class AllSettings(QWidget):
    """A part of the form that opens.

    Signals
    -------
    written : str, str
    put_back : str
        As of :class:`FieldRow`.
    """

    written = Signal(str, str)
    put_back = Signal(str)

    def __init__(self, draft: Draft, theme: Theme) -> None:
        super().__init__()
        self._draft, self._theme = draft, theme
        self._kind = "finetune"
        self.rows: dict[str, FieldRow] = {}
        self._heads: dict[str, QLabel] = {}
        self._waiting: deque[FieldSpec] = deque()
        self.toggle = tool_button("All settings", tip="Every setting of this kind of run", accessible="All settings",
                                  checked=False)  # fmt: skip
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggle.setArrowType(Qt.ArrowType.RightArrow)
        self.count = label(style="muted", accessible="How many settings differ from the preset")
        self.search = named(QLineEdit(), tip="Show settings whose name or description has these words",
                            accessible="Search settings")  # fmt: skip
        self.search.setPlaceholderText("Search settings")
        self.search.setClearButtonEnabled(True)
        self.nothing = label("No setting has these words.", style="muted")
        self._page = QWidget()
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        for widget in (self.search, self.nothing):
            self._column.addWidget(widget)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self.toggle)
        head.addStretch(1)
        head.addWidget(self.count)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 0)
        whole.setSpacing(6)
        whole.addLayout(head)
        whole.addWidget(self._page)
        self._page.hide()
        self._make = QTimer(self, interval=0)
        self._make.timeout.connect(self._make_some)
        self.toggle.toggled.connect(self._on_toggle)
        self.search.textChanged.connect(self._arrange)

    @property
    def complete(self) -> bool:
        """Whether every row is there."""
        return bool(self.rows) and not self._waiting

    @Slot(bool)
    def _on_toggle(self, on: bool) -> None:
        self.toggle.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._page.setVisible(on)
        if on and not self.rows and not self._waiting:
            self._waiting.extend(self._draft.fields.values())
            self._make.start()
        if on:
            self.search.setFocus()

    @Slot()
    def _make_some(self) -> None:
        for _ in range(AT_ONCE):
            if not self._waiting:
                self._make.stop()
                break
            spec = self._waiting.popleft()
            if spec.group not in self._heads:
                self._heads[spec.group] = label(spec.group, style="heading")
                self._column.addWidget(self._heads[spec.group])
            row = FieldRow(spec, self._theme, about=True)
            row.written.connect(self.written)
            row.put_back.connect(self.put_back)
            self.rows[spec.name] = row
            self._show_row(row)
            self._column.addWidget(row)
            self._place(row, for_kind({spec.name: spec}, self._kind))
        self._heads_follow()

    def set_kind(self, kind: str, draft: Draft) -> None:
        """Show what matters for that kind of run."""
        self._kind, self._draft = kind, draft
        self._arrange()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        for row in self.rows.values():
            row.set_theme(theme)

    def show_draft(self) -> None:
        """Show what the draft holds."""
        mine = for_kind(self._draft.fields, self._kind)
        changed = sum(name in mine for name in self._draft.changed())
        self.count.setText(f"{changed or 'none'} changed from {self._draft.preset}")
        for row in self.rows.values():
            self._show_row(row)
        at_fault = next((n for n in self._draft.problems if n in mine), "")
        style = "warning" if at_fault else "muted"
        if at_fault:
            self.count.setText(f"{mine[at_fault].title}: see below" if self.toggle.isChecked()
                               else f"{mine[at_fault].title} cannot be so")  # fmt: skip
        if self.count.objectName() != style:
            self.count.setObjectName(style)
            self.count.style().unpolish(self.count)
            self.count.style().polish(self.count)

    def _show_row(self, row: FieldRow) -> None:
        name, draft = row.spec.name, self._draft
        row.show_text(draft.text(name))
        row.show_state(draft.problems.get(name, ""), draft.differs(name), draft.of_preset(name), draft.preset)

    @Slot()
    def _arrange(self, *_: object) -> None:
        mine = for_kind(self._draft.fields, self._kind)
        for row in self.rows.values():
            self._place(row, mine)
        self._heads_follow()

    def _place(self, row: FieldRow, mine: dict[str, FieldSpec]) -> None:
        row.setVisible(row.spec.name in mine and row.spec.says(self.search.text()))

    def _heads_follow(self) -> None:
        seen = {row.spec.group for row in self.rows.values() if not row.isHidden()}
        for group, head in self._heads.items():
            head.setVisible(group in seen)
        self.nothing.setVisible(not seen and self.complete)
