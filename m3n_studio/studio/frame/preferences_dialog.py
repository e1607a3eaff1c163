"""The dialog of the preferences; changes are taken at once and Cancel takes them back."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.frame.preferences import THEMES, Preferences, login_name
from m3n_studio.studio.look.widgets import button_box, combo, label, named

THEME_WORDS = {"system": "As the system", "light": "Light", "dark": "Dark"}


class PreferencesDialog(QDialog):
    """Theme, drawing, sensors and bandwidth.

    Signals
    -------
    changed : Preferences
        At every change, and with the old ones on Cancel.
    """

    changed = Signal(object)

    def __init__(self, preferences: Preferences, sensors: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._before = self._value = preferences
        self.theme = combo(tip="Colours of the window", accessible="Theme")
        for name in THEMES:
            self.theme.addItem(THEME_WORDS[name], name)
        self.theme.setCurrentIndex(THEMES.index(preferences.theme))
        self.less = named(
            QCheckBox("At most 30 pictures a second while playing"),
            tip="Halves the work of playing where there is no graphics card",
            accessible="At most 30 pictures a second",
        )
        self.less.setChecked(preferences.less_drawing)
        self.sensors = named(QListWidget(), tip="Sensors a new motion is given", accessible="Sensors of a new motion")
        self.sensors.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        for name in dict.fromkeys((*sensors, *preferences.sensors)):
            item = QListWidgetItem(name.replace("_", " ").capitalize(), self.sensors)
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable)
            on = name in preferences.sensors
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.sensors.setMinimumHeight(170)
        self.bandwidth = named(
            QDoubleSpinBox(minimum=0.0, maximum=100.0, singleStep=1.0, decimals=1, suffix=" Hz"),
            tip="Low-pass of the simulated signals of a new motion, Hz; 0: none", accessible="Bandwidth in hertz",
        )  # fmt: skip
        self.bandwidth.setSpecialValueText("No low-pass")
        self.bandwidth.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.bandwidth.setValue(preferences.bandwidth_hz or 0.0)
        self.author = named(
            QLineEdit(preferences.author), tip="Name that labels you make are signed with",
            accessible="Author of labels",
        )  # fmt: skip
        self.author.setPlaceholderText(login_name())
        self._lay_out()
        self.theme.currentIndexChanged.connect(self._on_change)
        self.less.toggled.connect(self._on_change)
        self.sensors.itemChanged.connect(self._on_change)
        self.bandwidth.valueChanged.connect(self._on_change)
        self.author.editingFinished.connect(self._on_change)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setSpacing(12)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        form.addRow("Theme", self.theme)
        form.addRow("Drawing", self.less)
        form.addRow("Sensors", self.sensors)
        form.addRow("Bandwidth", self.bandwidth)
        form.addRow("Author", self.author)
        form.addRow("", label("Sensors and bandwidth are for the next motion you open.", style="muted"))
        buttons = button_box(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(16)
        layout.addLayout(form)
        layout.addWidget(buttons)

    @property
    def value(self) -> Preferences:
        """The preferences as chosen."""
        items = [self.sensors.item(i) for i in range(self.sensors.count())]
        chosen = tuple(
            i.data(Qt.ItemDataRole.UserRole) for i in items if i.checkState() == Qt.CheckState.Checked
        )  # fmt: skip
        return self._before.with_(
            theme=self.theme.currentData(), less_drawing=self.less.isChecked(),
            sensors=chosen or Preferences().sensors,
            bandwidth_hz=max(self.bandwidth.value(), 0.1) if self.bandwidth.value() > 0 else None,
            author=" ".join(self.author.text().split()),
        )  # fmt: skip

    def _on_change(self, *_: object) -> None:
        self.changed.emit(self.value)

    def reject(self) -> None:
        """Take everything back."""
        self.changed.emit(self._before)
        super().reject()
