"""The legend of the points: a row a group with its count, shown or hidden with its box, alone by a double click."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from m3n_studio.studio.embedding.embedding_table import MODALITIES, Groups
from m3n_studio.studio.embedding.point_marks import paint_mark
from m3n_studio.studio.embedding.point_raster import SHAPES
from m3n_studio.studio.look.theme import Theme

_NAME = Qt.ItemDataRole.UserRole
HELP = "The box hides a group and shows it again; a double click (or Return) shows it alone, or all"


def mark_icon(color: str, shape: str, ground: str) -> QIcon:
    """A mark as it is among the points."""
    picture = QPixmap(32, 32)
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_mark(painter, shape, 8.0, 8.0, 4.6, color, ground)
    painter.end()
    return QIcon(picture)


class Legend(QListWidget):
    """Groups of points.

    Signals
    -------
    hidden_changed : (none)
        Other groups are hidden.
    """

    hidden_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Groups of points")
        self.setToolTip(HELP)
        self.setIconSize(QSize(16, 16))
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._filling = False
        self.itemChanged.connect(self._on_changed)
        self.itemActivated.connect(self._on_activated)

    def set_groups(self, groups: Groups, colors: tuple[str, ...], theme: Theme, *, shapes: bool = False) -> None:
        """Show groups; those hidden before stay so. `shapes`: groups are modalities, each with its mark."""
        hidden = self.hidden_names()
        self._filling = True
        self.clear()
        for name, color, count in zip(groups.names, colors, groups.counts.tolist(), strict=True):
            shape = SHAPES[MODALITIES.index(name)] if shapes and name in MODALITIES else "disc"
            item = QListWidgetItem(mark_icon(color, shape, theme.panel), f"{name}   {count:,}".replace(",", " "))
            item.setData(_NAME, name)
            item.setToolTip(f"{name}: {count} points")
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked if name in hidden else Qt.CheckState.Checked)
            self.addItem(item)
        self._filling = False

    def _rows(self) -> list[QListWidgetItem]:
        return [self.item(i) for i in range(self.count())]

    def hidden_names(self) -> frozenset[str]:
        """Groups that are hidden."""
        return frozenset(str(i.data(_NAME)) for i in self._rows() if i.checkState() == Qt.CheckState.Unchecked)

    def hidden(self, groups: Groups) -> NDArray[np.bool_]:
        """Which points are hidden (N,)."""
        names = self.hidden_names()
        return np.array([name in names for name in groups.names] or [False])[groups.code]

    def show_only(self, name: str) -> None:
        """Show one group alone; all where it is alone already."""
        others = {str(i.data(_NAME)) for i in self._rows()} - {name}
        alone = self.hidden_names() == others
        self._filling = True
        for item in self._rows():
            shown = alone or item.data(_NAME) == name
            item.setCheckState(Qt.CheckState.Checked if shown else Qt.CheckState.Unchecked)
        self._filling = False
        self.hidden_changed.emit()

    def _on_changed(self, _: QListWidgetItem) -> None:
        if not self._filling:
            self.hidden_changed.emit()

    def _on_activated(self, item: QListWidgetItem) -> None:
        self.show_only(str(item.data(_NAME)))
