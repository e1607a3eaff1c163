"""One attribute in the panel: name, slider, number, lock, reset."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QGridLayout, QWidget

from m3n_studio.studio.attributes.attribute_slider import AttributeSlider
from m3n_studio.studio.attributes.attributes_model import Attribute, Scale, percentile_text, shown
from m3n_studio.studio.core.shape_hints import ShapeHint
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, tool_button


class AttributeRow(QObject):
    """The widgets of one measurement, laid into a grid.

    Signals
    -------
    pressed, released
        The hand takes and leaves the slider.
    moved : float
        It asks for this, m or kg.
    stepped : float
        A key or the number field asks for this.
    reset : none
        Back to the performer's.
    hint_taken : float
        The best of the range another view proposes, m or kg.
    """

    pressed = Signal()
    released = Signal()
    moved = Signal(float)
    stepped = Signal(float)
    reset = Signal()
    hint_taken = Signal(float)

    def __init__(self, row: Attribute, theme: Theme, grid: QGridLayout, at: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.row = row
        self.name = label(row.title, tip=f"{row.tip}, {row.unit}")
        self.slider = AttributeSlider(row, theme)
        self.spin = named(QDoubleSpinBox(), tip=f"{row.tip}, {row.unit}", accessible=f"{row.title} in {row.unit}")
        self.spin.setSuffix(f" {row.unit}")
        self.spin.setDecimals(row.decimals)
        self.spin.setRange(1.0, 400.0)
        self.spin.setSingleStep(row.step * row.factor)
        self.spin.setKeyboardTracking(False)
        self.spin.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.spin.setFixedWidth(self.spin.fontMetrics().horizontalAdvance("188.8 cm") + 22)
        self.lock = tool_button(
            tip=f"Hold {row.title.lower()} while other attributes change",
            accessible=f"Hold {row.title.lower()}", checked=False,
        )  # fmt: skip
        self.back = tool_button(
            tip=f"{row.title} back to the performer's", accessible=f"Reset {row.title.lower()}"
        )  # fmt: skip
        self.take = tool_button(tip="", accessible=f"Take the {row.title.lower()} hinted at")
        self.take.hide()
        for button in (self.lock, self.back, self.take):
            button.setIconSize(QSize(16, 16))
        self.spin.setFixedHeight(self.spin.fontMetrics().height() + 13)
        for column, widget in enumerate((self.name, self.slider, self.spin, self.lock, self.back, self.take)):
            grid.addWidget(widget, at, column)
        self.name.setBuddy(self.slider)
        self.slider.pressed.connect(self.pressed)
        self.slider.released.connect(self.released)
        self.slider.moved.connect(self.moved)
        self.slider.stepped.connect(self.stepped)
        self.spin.valueChanged.connect(self._on_number)
        self.lock.toggled.connect(self._on_lock)
        self.back.clicked.connect(self.reset)
        self.take.clicked.connect(self._on_take)
        self._theme = theme
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        self.slider.set_theme(theme)
        self.back.setIcon(icon("reset", theme))
        self.take.setIcon(icon("target", theme))
        self._on_lock(self.lock.isChecked())

    def set_scale(self, scale: Scale) -> None:
        """Another population."""
        self.slider.set_scale(scale)

    def show_value(self, value: float, *, own: float, ghost: float | None, asked: float | None) -> None:
        """Show a value, the performer's, that of the body compared with, and what was asked in vain."""
        number = round(value * self.row.factor, self.row.decimals)
        if number != self.spin.value():
            with QSignalBlocker(self.spin):
                self.spin.setValue(number)
        self.slider.show_value(value, ghost=ghost, asked=asked)
        changed = abs(value - own) * self.row.factor >= 0.05
        if changed != self.back.isEnabled():
            self.back.setEnabled(changed)

    def describe(self, own: float) -> None:
        """Say in the tooltip where among people this is; called when the hand rests."""
        percentile, hint = self.slider.percentile, self.slider.hint
        self.slider.setToolTip(
            f"{self.row.tip}.\n{shown(self.row.name, self.slider.shown_value)} is {percentile_text(percentile)} of"
            f" the people this body stands for; the performer has {shown(self.row.name, own)}.\n"
            "Drag, or use arrow keys and Page Up and Down." + ("" if hint is None else f"\n{hint.text}.")
        )

    def show_hint(self, hint: ShapeHint | None) -> None:
        """Show a range another view proposes and the button that takes the best of it; None: neither."""
        self.slider.show_hint(hint)
        self.take.setVisible(hint is not None)
        if hint is not None:
            self.take.setToolTip(f"Take the best, {shown(self.row.name, hint.best)}.\n{hint.text}.")

    def _on_take(self) -> None:
        if self.slider.hint is not None:
            self.hint_taken.emit(self.slider.hint.best)

    def set_narrow(self, narrow: bool) -> None:
        """Leave out what there is no room for."""
        self.back.setVisible(not narrow)
        self.slider.set_narrow(narrow)

    def set_enabled(self, enabled: bool) -> None:
        """Whether there is a body to change."""
        for widget in (self.slider, self.spin, self.lock, self.take):
            widget.setEnabled(enabled)
        if not enabled:
            self.back.setEnabled(False)

    def _on_number(self, number: float) -> None:
        self.stepped.emit(number / self.row.factor)

    def _on_lock(self, on: bool) -> None:
        self.lock.setIcon(icon("lock" if on else "unlock", self._theme))
