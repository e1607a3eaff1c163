"""The legend of a plot: a button for every line that shows or hides it, in as many rows as there must be."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QToolButton, QWidget

from m3n_studio.studio.look.flow import FlowLayout
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import tool_button
from m3n_studio.studio.training.curve_data import Curves
from m3n_studio.studio.training.curves import CurvePlot
from m3n_studio.studio.training.plot_marks import line_color

_ANY = 16_777_215


class LegendRoom(QScrollArea):
    """As high as the legend wants to be, or less where there is no room."""

    def __init__(self, legend: Legend) -> None:
        super().__init__()
        self._legend = legend
        self._wanted = (QSize(0, 0), False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(legend)
        for widget in (self.viewport(), legend):
            widget.setAutoFillBackground(False)

    def fit(self, width: int, *, beside: bool) -> None:
        """Ask for what the legend needs below a plot so wide, px, or beside it."""
        there = bool(self._legend.buttons)
        widest = max((b.sizeHint().width() for b in self._legend.buttons.values()), default=0) + 14
        size = QSize(min(widest, width // 3) if beside else width, self._legend.heightForWidth(max(width - 12, 40)) + 2)
        wanted = (QSize(0, 0) if not there else size), beside
        if wanted != self._wanted:
            self._wanted = wanted
            self.setMinimumWidth(size.width() if beside and there else 0)
            self.setMaximumWidth(size.width() if beside and there else _ANY)
            self.setMaximumHeight(_ANY if beside else wanted[0].height())
            self.setVisible(there)
            self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802
        """All of it."""
        return self._wanted[0]

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """A line."""
        return QSize(60, min(self._wanted[0].height(), 24))


class Legend(QWidget):
    """A button for every line: its colour and name; pressed it hides."""

    def __init__(self, theme: Theme, plot: CurvePlot) -> None:
        super().__init__()
        self._theme, self._plot = theme, plot
        self._keys: tuple[tuple[str, int], ...] = ()
        self.hidden: set[str] = set()
        self.buttons: dict[str, QToolButton] = {}
        self._flow = FlowLayout()
        self.setLayout(self._flow)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._dress()

    def _dress(self) -> None:
        t = self._theme
        self.setStyleSheet(
            f"QToolButton {{ padding: 1px 5px; color: {t.muted}; background: transparent; border-color: transparent; }}"
            f" QToolButton:checked {{ color: {t.text}; background: transparent; border-color: transparent; }}"
            f" QToolButton:hover {{ background: {t.hover}; }}"
            f" QToolButton:focus {{ border: 2px solid {t.accent}; padding: 0px 4px; }}"
        )

    def set_lines(self, curves: Curves) -> None:
        """Offer these lines; those hidden before stay hidden."""
        keys = tuple({line.key: line.color for line in curves.lines}.items())
        if keys != self._keys:
            self._keys = keys
            self._fill()
        self._plot.set_hidden(self.hidden)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self._dress()
        self._fill()

    def _fill(self) -> None:
        while self._flow.count():
            item = self._flow.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.buttons = {}
        for key, color in self._keys if len(self._keys) > 1 else ():
            button = tool_button(key, tip=f"Show or hide {key}", accessible=f"Show {key}", checked=True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(12, 12))
            button.setChecked(key not in self.hidden)
            button.setIcon(dot(line_color(self._theme, color), filled=key not in self.hidden))
            button.toggled.connect(lambda on, k=key, c=color: self._toggle(k, c, on))
            self._flow.addWidget(button)
            self.buttons[key] = button
        self.updateGeometry()

    def _toggle(self, key: str, color: int, on: bool) -> None:
        (self.hidden.discard if on else self.hidden.add)(key)
        self.buttons[key].setIcon(dot(line_color(self._theme, color), filled=on))
        self._plot.set_hidden(self.hidden)


def dot(color: str, *, filled: bool) -> QIcon:
    """A dot, or a ring, of a colour."""
    picture = QPixmap(24, 24)
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(color))
    painter.setBrush(QColor(color) if filled else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(2, 2, 8, 8)
    painter.end()
    return QIcon(picture)
