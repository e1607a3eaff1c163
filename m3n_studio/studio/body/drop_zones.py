"""Where a motion file is dropped on the body: three fields to choose what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from m3n_studio.errors import FileError
from m3n_studio.studio.look.theme import Theme

#: What a field does, and its words; "" hands the file to the window, which opens it instead.
FIELDS = (("", "Open instead"), ("beside", "Show beside"), ("over", "Show over"))
_GAP = 10
_RADIUS = 8


def motion_in(event: QDropEvent) -> Path | None:
    """The one motion file that is dragged; None where it is anything else."""
    from m3n_studio.motion import formats as motions
    from m3n_studio.recordings import formats as recordings

    urls = event.mimeData().urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    suffix = path.suffix.lower()
    if not path.is_file() or suffix not in motions.motion_suffixes():
        return None
    if suffix in recordings.signal_suffixes():
        try:
            motions.find_reader(path)
        except FileError:
            return None
    return path


class DropZones(QWidget):
    """Lies over the body while a motion is dragged there; `active` only where there is a motion to stand beside."""

    def __init__(self, view: QWidget, add: Callable[[Path, str], object], theme: Callable[[], Theme]) -> None:
        super().__init__(view)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Open instead, show beside, or show over")
        self._view, self._add, self._theme = view, add, theme
        self.active = False
        self._over = -1
        self.hide()
        view.setAcceptDrops(True)
        view.installEventFilter(self)

    def fields(self) -> tuple[QRectF, ...]:
        """Where the fields are, from left to right."""
        width = (self.width() - _GAP * (len(FIELDS) + 1)) / len(FIELDS)
        return tuple(
            QRectF(_GAP + i * (width + _GAP), _GAP, width, self.height() - 2 * _GAP) for i in range(len(FIELDS))
        )

    def field_at(self, point: QPointF) -> int:
        """Which field is nearest to a place."""
        return min(int(point.x() / max(self.width(), 1) * len(FIELDS)), len(FIELDS) - 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Follow what is dragged over the view."""
        kind = event.type()
        if kind == QEvent.Type.DragEnter and isinstance(event, QDropEvent):
            return self._enter(event)
        if kind == QEvent.Type.DragMove and isinstance(event, QDropEvent) and self.isVisible():
            self._follow(event)
            return True
        if kind == QEvent.Type.DragLeave:
            self.hide()
        if kind == QEvent.Type.Drop and isinstance(event, QDropEvent):
            return self._drop(event)
        return False

    def _enter(self, event: QDropEvent) -> bool:
        if not self.active or motion_in(event) is None:
            event.ignore()
            return True
        self.setGeometry(self._view.rect())
        self.show()
        self.raise_()
        self._follow(event)
        return True

    def _follow(self, event: QDropEvent) -> None:
        self._over = self.field_at(event.position())
        event.acceptProposedAction()
        self.update()

    def _drop(self, event: QDropEvent) -> bool:
        path = motion_in(event)
        self.hide()
        if path is None:
            event.ignore()
            return True
        where = FIELDS[self.field_at(event.position())][0]
        if where:
            self._add(path, where)
            event.acceptProposedAction()
        else:
            self._view.window().dropEvent(event)
        return True

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The fields, the one under the hand in the accent's colour."""
        theme = self._theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for i, (field, (_, words)) in enumerate(zip(self.fields(), FIELDS, strict=True)):
            here = i == self._over
            plate = QColor(theme.accent if here else theme.raised)
            plate.setAlphaF(0.85 if here else 0.80)
            painter.setBrush(plate)
            painter.setPen(QPen(QColor(theme.accent), 2 if here else 1, Qt.PenStyle.SolidLine if here else
                                Qt.PenStyle.DashLine))  # fmt: skip
            painter.drawRoundedRect(field, _RADIUS, _RADIUS)
            painter.setPen(QColor(theme.on_accent if here else theme.text))
            painter.drawText(field, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)
        painter.end()
