"""The tools that lay a video on the signals' time: offset, drift, sync points, holding a frame, finding claps."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from m3n_studio.recordings.video.track import VideoTrack
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, push_button, tool_button

_FAR_S = 1e6


class SyncBar(QWidget):
    """Two rows below the pictures, for the video one works on.

    Signals
    -------
    offset_edited : float
        Session minus own seconds at the first sync point.
    offset_sealed : (none)
    hold_toggled : bool
    point_wanted, claps_wanted, notice_accepted, notice_dismissed : (none)
    """

    offset_edited = Signal(float)
    offset_sealed = Signal()
    hold_toggled = Signal(bool)
    point_wanted = Signal()
    claps_wanted = Signal()
    notice_accepted = Signal()
    notice_dismissed = Signal()

    def __init__(self, theme: Theme, menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._build_offset()
        self.hold_button = tool_button(
            "Hold frame", tip="Keep this frame while the clock moves, to find the moment it belongs to",
            accessible="Hold frame", checked=False, style="component",
        )  # fmt: skip
        self.point_button = push_button(
            "Set sync point", tip="The frame shown belongs to the time of the clock: pin it there"
        )
        self.claps_button = push_button(
            "Find claps", tip="Lay the video where its claps and movement agree with |a| of the signals"
        )
        self.menu_button = tool_button(tip="More about this video", accessible="More about this video")
        self.menu_button.setPopupMode(self.menu_button.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setMenu(menu)
        self.menu_button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.hold_button.toggled.connect(self.hold_toggled)
        self.point_button.clicked.connect(self.point_wanted)
        self.claps_button.clicked.connect(self.claps_wanted)
        self._build_notice()
        self._lay_out()
        self.set_theme(theme)

    def _build_offset(self) -> None:
        self.offset_box = named(
            QDoubleSpinBox(), accessible="Offset of the video, seconds",
            tip="Clock minus the video's own seconds at its first sync point, s; ↑ and ↓ move it by one frame",
        )  # fmt: skip
        self.offset_box.setRange(-_FAR_S, _FAR_S)
        self.offset_box.setDecimals(3)
        self.offset_box.setSuffix(" s")
        self.offset_box.setKeyboardTracking(False)
        self.offset_box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.offset_box.setFixedWidth(self.offset_box.fontMetrics().horizontalAdvance("−100000.000 s") + 22)
        self.offset_box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.offset_box.valueChanged.connect(self.offset_edited)
        self.offset_box.editingFinished.connect(self.offset_sealed)
        self.drift_label = label(
            style="muted", accessible="Drift and sync points",
            tip="Drift in millionths: positive where the video's clock is slow; sync points the video goes through",
        )  # fmt: skip
        self.drift_label.setWordWrap(True)

    def _build_notice(self) -> None:
        self.notice = named(QWidget(), style="noticeBar")
        self.notice.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.notice_label = label()
        self.notice_label.setWordWrap(True)
        self.notice_button = push_button("", tip="")
        self.dismiss_button = tool_button(tip="Close this message", accessible="Close this message")
        row = QHBoxLayout(self.notice)
        row.setContentsMargins(10, 6, 6, 6)
        row.addWidget(self.notice_label, 1)
        row.addWidget(self.notice_button)
        row.addWidget(self.dismiss_button, 0, Qt.AlignmentFlag.AlignTop)
        self.notice_button.clicked.connect(self.notice_accepted)
        self.dismiss_button.clicked.connect(self.notice_dismissed)
        self.notice.hide()

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(6)
        first.addWidget(label("Offset", style="muted"))
        first.addWidget(self.offset_box)
        first.addWidget(self.drift_label, 1)
        first.addWidget(self.menu_button)
        for button in (self.hold_button, self.point_button, self.claps_button):
            second.addWidget(button)
        second.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.notice)
        layout.addLayout(first)
        layout.addLayout(second)

    def show_track(self, track: VideoTrack, frame_s: float, *, signals: bool, held: bool) -> None:
        """Show where a video lies."""
        boxes = (self.offset_box, self.hold_button)
        for box in boxes:
            box.blockSignals(True)
        self.offset_box.setSingleStep(frame_s)
        self.offset_box.setValue(track.time_map.offset_s)
        self.hold_button.setChecked(held)
        for box in boxes:
            box.blockSignals(False)
        count, drift = len(track.points), track.time_map.drift_ppm
        points = f", {count} sync point{'s' if count != 1 else ''}" if count else ""
        self.drift_label.setText(f"drift {drift:+.0f} ppm{points}".replace("-", "−"))
        self.claps_button.setEnabled(signals)

    def show_notice(self, words: str, button: str = "", tip: str = "") -> None:
        """Say something with a button, or nothing at all."""
        self.notice.setVisible(bool(words))
        self.notice_label.setText(words)
        self.notice_button.setVisible(bool(button))
        self.notice_button.setText(button)
        self.notice_button.setToolTip(tip)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.menu_button.setIcon(icon("more", theme))
        self.dismiss_button.setIcon(icon("close", theme))
