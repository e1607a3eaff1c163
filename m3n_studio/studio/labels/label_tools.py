"""The row of tools above the labels: keys, mode, snapping, length of gaps, how much is labelled."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from m3n_studio.studio.labels.label_commands import GAP_S
from m3n_studio.studio.labels.label_strip import LabelStrip
from m3n_studio.studio.labels.labeller import MODES
from m3n_studio.studio.labels.snapping import KINDS
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, tool_button

#: How long a sentence stays, ms.
TOAST_MS = 5000
MODE_WORDS = {
    "hold": ("Hold", "A class key labels from its press to its release"),
    "toggle": ("Toggle", "A class key begins a label, the same key ends it"),
    "contiguous": ("Contiguous", "A class key labels from the last edge to the cursor"),
}


class LabelTools(QWidget):
    """Keys, mode, snapping, gaps.

    Signals
    -------
    kinds_changed : set of str
        What edges snap to.
    """

    kinds_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.note = label(style="muted", accessible="Labelled so far")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.keys = tool_button(
            "Keys", tip="Label with the keys of the classes, wherever the focus is but in fields (Ctrl+L)",
            accessible="Label with keys", style="component", checked=True,
        )  # fmt: skip
        self.mode = combo(tip="What a class key does", accessible="What a class key does")
        for name in MODES:
            words, tip = MODE_WORDS[name]
            self.mode.addItem(words, name)
            self.mode.setItemData(self.mode.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.mode.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.snap = tool_button(
            "Snap", tip="Edges jump to what is near: other labels, signals, video frames. Alt while dragging: not.",
            accessible="Snap edges", style="component", checked=True,
        )  # fmt: skip
        self.kinds = tool_button(tip="What edges snap to", accessible="What edges snap to", style="component")
        self.kinds.setArrowType(Qt.ArrowType.DownArrow)
        self.kinds.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.kinds.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.kinds.setMenu(self._kinds_menu())
        self.snap.toggled.connect(self.kinds.setEnabled)
        self.gap = named(QDoubleSpinBox(), tip="Gaps up to this long are closed, and neighbours merged over them, s",
                         accessible="Longest gap that is closed, s")  # fmt: skip
        self.gap.setRange(0.01, 3600.0)
        self.gap.setDecimals(2)
        self.gap.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.gap.setPrefix("gap ≤ ")
        self.gap.setSuffix(" s")
        self.gap.setKeyboardTracking(False)
        self.gap.setValue(GAP_S)
        self.gap.setFixedWidth(self.gap.fontMetrics().horizontalAdvance("gap ≤ 3600.00 s") + 18)
        self.gap.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.gap.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        head = QHBoxLayout(self)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(6)
        for widget in (self.keys, self.mode, self.snap, self.kinds, self.gap):
            head.addWidget(widget)
        head.addWidget(self.note, 1)

    def _kinds_menu(self) -> QMenu:
        menu = named(QMenu(self), accessible="What edges snap to")
        menu.setToolTipsVisible(True)
        self.kind_actions: dict[str, QAction] = {}
        for name, words, tip in KINDS:
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(True)
            action.setToolTip(tip)
            action.toggled.connect(self._on_kind)
            self.kind_actions[name] = action
        return menu

    def _on_kind(self, _on: bool) -> None:
        self.kinds_changed.emit({name for name, action in self.kind_actions.items() if action.isChecked()})

    def tell(self, words: str) -> None:
        """Say how much is labelled; what does not fit is in the tooltip."""
        if self._read_only:
            words = f"Read-only · {words}"
        self._words = words
        self.note.setToolTip(f"{words}. The project cannot be written to." if self._read_only else words)
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Say as much as there is room for."""
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._elide)

    def _elide(self) -> None:
        """Only the share where all of it does not fit; nothing rather than half a word."""
        room, metrics = self.note.width(), self.note.fontMetrics()
        parts = self._words.split(" · ")
        fits = [" · ".join(parts[:n]) for n in range(len(parts), 0, -1)] + [self._words.split(" ", 1)[0], ""]
        self.note.setText(next(w for w in fits if metrics.horizontalAdvance(w) <= room or not w))

    def set_read_only(self, off: bool) -> None:
        """Labelling is off, because the project is open for reading only."""
        for widget in (self.keys, self.mode, self.gap):
            widget.setEnabled(not off)
        self._read_only = off

    _read_only = False
    _words = ""


class Toast(QLabel):
    """A sentence over a view that goes away by itself."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._room = parent
        named(self, style="noticeBar", accessible="Why nothing was done")
        self.setContentsMargins(10, 5, 10, 5)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setWordWrap(True)
        self._timer = QTimer(self, singleShot=True, interval=TOAST_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def say(self, words: str) -> None:
        """Show a sentence for a while."""
        room = self._room
        self.setText(words)
        self.setMinimumWidth(0)
        wide = self.fontMetrics().horizontalAdvance(words) + 36
        width = min(wide, room.width() - 24)
        height = self.heightForWidth(width)
        self.setGeometry((room.width() - width) // 2, room.height() - height - 12, width, height)
        self.show()
        self.raise_()
        self._timer.start()


class Ghost(QWidget):
    """A proposed stretch of time, dashed, over the active row of a strip."""

    def __init__(self, strip: LabelStrip, theme: Theme) -> None:
        super().__init__(strip)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.theme = theme
        self.span: tuple[float, float] | None = None
        self._strip = strip
        strip.installEventFilter(self)
        self.resize(strip.size())
        self.hide()

    def set_span(self, span: tuple[float, float] | None) -> None:
        """Show a stretch of time, s; None: nothing."""
        self.span = span
        self.setVisible(span is not None)
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Be as large as the strip."""
        if event.type() == QEvent.Type.Resize:
            self.resize(self._strip.size())
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """A dashed box, and a dashed line at either end."""
        geometry = self._strip.geometry_now()
        if self.span is None or self._strip.active >= len(geometry.tops):
            return
        low, high = (geometry.x_of(t) for t in self.span)
        low, high = max(low, geometry.left), min(high, geometry.right)
        if high <= low:
            return
        top, height = geometry.tops[self._strip.active], geometry.lane_heights[self._strip.active]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = QColor(self.theme.accent)
        fill.setAlphaF(0.18)
        painter.setPen(QPen(QColor(self.theme.accent), 2, Qt.PenStyle.DashLine))
        painter.setBrush(fill)
        painter.drawRoundedRect(QRectF(low + 1, top + 2, max(high - low - 2, 1.0), height - 4), 3, 3)
        painter.setPen(QPen(QColor(self.theme.accent), 1, Qt.PenStyle.DotLine))
        for x in (low, high):
            painter.drawLine(round(x), round(geometry.top), round(x), self.height())
        painter.end()
