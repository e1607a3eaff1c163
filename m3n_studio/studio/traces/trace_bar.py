"""What can be done with the traces, as a row of buttons: tools, zoom, difference, scale, export."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QToolButton, QWidget

from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, tool_button
from m3n_studio.studio.traces.tracks import DIFFERENCE_MODES

TOOLS = (
    ("scrub", "Go to a time: click or drag in the traces"),
    ("range", "Select a stretch of time: drag (or Shift+drag with any tool)"),
    ("zoom", "Zoom to a box: drag (or Ctrl+drag with any tool)"),
    ("align", "Shift the recording in time: drag it; click to point at a moment in simulated or real"),
)
_ICONS = {"scrub": "scrub", "range": "select-range", "zoom": "zoom-box", "align": "align"}
SCALES = (
    ("lane", "Each lane to its own lines"), ("shared", "All lanes of a quantity alike"), ("locked", "Leave as it is")
)  # fmt: skip
_DIFFERENCES = {
    "off": "No difference", "beside": "Difference beside the lines", "alone": "Difference instead of the lines"
}  # fmt: skip
_BUTTONS = (
    ("measure", "Measure between two cursors (M)", True),
    ("back", "Back to the view before (Backspace)", False),
    ("fit", "Show all of time and all values (A)", False),
)


class TraceBar(QWidget):
    """The row of buttons.

    Signals
    -------
    tool_chosen, difference_chosen, scale_chosen : str
    measure_toggled : bool
    back_wanted, fit_wanted, copy_wanted, save_wanted : (none)
    """

    tool_chosen = Signal(str)
    difference_chosen = Signal(str)
    scale_chosen = Signal(str)
    measure_toggled = Signal(bool)
    back_wanted = Signal()
    fit_wanted = Signal()
    copy_wanted = Signal()
    save_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tools: dict[str, QToolButton] = {}
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 2)
        row.setSpacing(2)
        for name, tip in TOOLS:
            self.tools[name] = self._button(tip, checkable=True)
            self._group.addButton(self.tools[name])
            row.addWidget(self.tools[name])
        self.tools["scrub"].setChecked(True)
        row.addSpacing(8)
        for name, tip, checkable in _BUTTONS:
            self.buttons[name] = self._button(tip, checkable=checkable)
            row.addWidget(self.buttons[name])
        row.addSpacing(8)
        self.note = label(style="muted", accessible="Measurement")
        self.badge = label(
            style="muted", accessible="Level of detail",
            tip="So many samples share one column: their lowest and highest value is drawn. Zoom in to see each.",
        )  # fmt: skip
        self.legend = label(accessible="Other lines shown")
        row.addWidget(self.legend)
        row.addWidget(self.note)
        row.addSpacing(10)
        row.addStretch(1)
        row.addWidget(self.badge)
        self.menu = QMenu(self)
        self.difference = self._choices("Difference, simulated less real", _DIFFERENCES, "off", self._on_difference)
        self.scale = self._choices("Scale of values", dict(SCALES), "lane", self._on_scale)
        self._add_export()
        self.more = self._button("Difference, scale of values, copy and save", checkable=False)
        self.more.setMenu(self.menu)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row.addWidget(self.more)
        self._connect()
        self.set_theme(theme)

    def _button(self, tip: str, *, checkable: bool) -> QToolButton:
        button = tool_button(tip=tip, accessible=tip.split(":")[0].split(" (")[0], checked=False if checkable else None)
        button.setIconSize(QSize(16, 16))
        return button

    def _choices(
        self, title: str, words: dict[str, str], chosen: str, told: Callable[[QAction], None]
    ) -> dict[str, QAction]:
        group = QActionGroup(self)
        part = QMenu(title, self.menu)  # one that addMenu makes may be taken back by Python
        self.menu.addMenu(part)
        out = {}
        for name, text in words.items():
            action = out[name] = part.addAction(text)
            action.setCheckable(True)
            action.setChecked(name == chosen)
            action.setData(name)
            group.addAction(action)
        group.triggered.connect(told)
        return out

    def _add_export(self) -> None:
        self.menu.addSeparator()
        self.copy_action = self.menu.addAction("Copy visible data as CSV")
        self.save_action = self.menu.addAction("Save selection as CSV…")
        self.copy_action.triggered.connect(self.copy_wanted)
        self.save_action.triggered.connect(self.save_wanted)

    def _connect(self) -> None:
        self._group.buttonToggled.connect(self._on_tool)
        self.buttons["measure"].toggled.connect(self.measure_toggled)
        self.buttons["back"].clicked.connect(self.back_wanted)
        self.buttons["fit"].clicked.connect(self.fit_wanted)

    def _on_tool(self, _button: QToolButton, on: bool) -> None:
        if on:
            self.tool_chosen.emit(self.tool)

    def _on_difference(self, action: QAction) -> None:
        self.difference_chosen.emit(action.data())

    def _on_scale(self, action: QAction) -> None:
        self.scale_chosen.emit(action.data())

    @property
    def tool(self) -> str:
        """The tool in hand."""
        return next(name for name, button in self.tools.items() if button.isChecked())

    @property
    def difference_mode(self) -> str:
        """How the difference is shown, one of `DIFFERENCE_MODES`."""
        return next(m for m in DIFFERENCE_MODES if self.difference[m].isChecked())

    @property
    def scale_mode(self) -> str:
        """How values are scaled, one of `SCALES`."""
        return next(m for m, _ in SCALES if self.scale[m].isChecked())

    def set_bucket(self, size: int) -> None:
        """Tell how many samples share a column."""
        self.badge.setText(f"peaks of {size:,} samples".replace(",", "\u202f") if size > 1 else "")

    def set_legend(self, parts: tuple[tuple[str, str], ...]) -> None:
        """Name what is drawn besides simulated and real: (words, colour)."""
        words = "&nbsp;&nbsp;".join(
            f"<span style='color:{color}; font-weight:600'>{text}</span>" for text, color in parts
        )
        self.legend.setText(words)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for name, button in self.tools.items():
            button.setIcon(icon(_ICONS[name], theme))
        for name, button in self.buttons.items():
            button.setIcon(icon(name, theme))
        self.more.setIcon(icon("more", theme))
