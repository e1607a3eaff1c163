"""A plugin for tools.stories: tells, over a local socket, where on the screen things are.

A user sees where a button is; a script has to ask. It is installed beside the unchanged program as any
plugin would be and only looks: everything done to the window comes from the mouse and the keys.
"""

from __future__ import annotations

import json
import os
from typing import Any

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAction
from PySide6.QtNetwork import QLocalServer
from PySide6.QtWidgets import QApplication, QListWidget, QMenu, QMenuBar, QTabBar, QTableWidget, QWidget

from m3n_studio.plugins import Door

SOCKET = "M3N_STORY_SOCKET"


def register(_door: Door) -> None:
    """Answer from now on."""
    app = QApplication.instance()
    if app is not None and SOCKET in os.environ:
        Finder(app)


class Finder(QObject):
    """Answers every connection with all that can be seen, as JSON, and closes it."""

    def __init__(self, app: QObject) -> None:
        super().__init__(app)
        self._server = QLocalServer(self)
        self._server.newConnection.connect(self._answer)
        self._server.listen(os.environ[SOCKET])

    def _answer(self) -> None:
        socket = self._server.nextPendingConnection()
        socket.write(json.dumps(seen()).encode())
        socket.flush()
        socket.disconnectFromServer()


def seen() -> list[dict[str, Any]]:
    """Every widget that can be seen and the parts of some, with words and rectangles in device pixels."""
    out = []
    for widget in QApplication.allWidgets():
        if widget.isVisible() and not widget.visibleRegion().isEmpty():
            words = [_call(widget, name) for name in ("text", "currentText", "title", "windowTitle", "value")]
            out.append(_thing(widget, widget.visibleRegion().boundingRect(), words))
            out += _parts(widget)
    return out


def _call(widget: QWidget, name: str) -> str:
    method = getattr(widget, name, None)
    try:
        return "" if method is None else str(method())
    except TypeError:
        return ""


def _thing(widget: QWidget, rect: QRect, words: list[str], kind: str = "") -> dict[str, Any]:
    ratio = widget.devicePixelRatioF()
    corner = widget.mapToGlobal(rect.topLeft() if isinstance(rect, QRect) else QPoint())
    return {
        "kind": kind or type(widget).__name__, "name": widget.objectName(), "accessible": widget.accessibleName(),
        "words": [w.replace("&", "") for w in words if w], "enabled": widget.isEnabled(),
        "focus": widget.hasFocus(), "in": widget.window().windowTitle(),
        "rect": [round(v * ratio) for v in (corner.x(), corner.y(), rect.width(), rect.height())],
    }  # fmt: skip


def _parts(widget: QWidget) -> list[dict[str, Any]]:
    """Menu entries, tabs, list rows and table cells."""
    if isinstance(widget, QMenu | QMenuBar):
        shown: list[QAction] = [a for a in widget.actions() if a.isVisible() and not a.isSeparator()]
        return [{**_thing(widget, widget.actionGeometry(a), [a.text().split("\t")[0]], "entry"),
                 "enabled": a.isEnabled()} for a in shown]  # fmt: skip
    if isinstance(widget, QTabBar):
        return [_thing(widget, widget.tabRect(i), [widget.tabText(i)], "tab") for i in range(widget.count())]
    if isinstance(widget, QListWidget):
        items = [widget.item(i) for i in range(min(widget.count(), 60))]
        return [_thing(widget.viewport(), widget.visualItemRect(i), [i.text()], "row") for i in items]
    if isinstance(widget, QTableWidget):
        cells = [widget.item(r, c) for r in range(min(widget.rowCount(), 40)) for c in range(widget.columnCount())]
        return [_thing(widget.viewport(), widget.visualItemRect(i), [i.text()], "cell") for i in cells if i]
    return []
