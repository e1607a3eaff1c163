"""What the Embedding view is made of: choices, tools, points, legend, neighbours, what is picked."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QListWidget,
    QMenu,
    QProgressBar,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.learning.projection import METHODS, TITLES, missing
from m3n_studio.studio.embedding.embedding_legend import Legend
from m3n_studio.studio.embedding.embedding_table import BY
from m3n_studio.studio.embedding.point_cloud import PointCloud
from m3n_studio.studio.look.keys_first import KeysFirst
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, push_button, tool_button

TRUST_TIP = (
    "<p><b>Trustworthiness</b> says how many of the neighbours you see are neighbours in the full space: it falls with"
    " points that only look near each other.<br><b>Continuity</b> falls where the picture tears real neighbours"
    " apart.</p><p>Both are 1 at best; a random picture has about 0.5. Below 0.8, judge by the list of"
    " neighbours, which is worked out in the full space, not by the picture.</p>"
)
_TOOLS = (
    ("pan", "Move", "Drag to move, wheel to zoom; Shift+drag draws a lasso, Ctrl+drag a box"),
    ("lasso", "Lasso", "Drag around points to pick them; with Shift they are added"),
    ("box", "Box", "Drag a box over points to pick them; with Shift they are added"),
)
_WIDE_PX, _WIDER_PX = 520, 820
_SIDE_PX = 250


class EmbeddingPanel(QWidget):
    """The widgets, without what they do."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.cloud = PointCloud(theme)
        self.legend = Legend()
        self._make_choices()
        self._make_data_menu()
        self._make_tools()
        self._make_side()
        self._make_foot()
        self._lay_out()
        self.keys = KeysFirst(self)

    def _make_choices(self) -> None:
        self.space = combo(
            tip="In whose space: a pretrained model's, or that of one fold of a finetuned classifier",
            accessible="Model whose space is shown", characters=8,
        )  # fmt: skip
        self.embed_button = push_button(
            "Embed", tip="Work out where windows, motions and sentences are in the model's space", style="primary"
        )
        self.layout_box = combo(tip="How the space is laid on a plane", accessible="Projection", characters=5)
        for method in METHODS:
            lacking = missing(method)
            self.layout_box.addItem(TITLES[method], method)
            at = self.layout_box.count() - 1
            words = f"Needs the package {lacking}, which is not installed" if lacking else ""
            self.layout_box.setItemData(at, words, Qt.ItemDataRole.ToolTipRole)
            self.layout_box.model().item(at).setEnabled(not lacking)  # type: ignore[attr-defined]
        self.color_box = combo(tip="What the colours mean", accessible="Colour by", characters=7)
        for name, words in BY.items():
            self.color_box.addItem(words, name)

    def _make_data_menu(self) -> None:
        self.data_button = tool_button("Data", tip="What is shown: the project's windows, motions, placements",
                                       accessible="What is shown", style="component")  # fmt: skip
        self.data_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.data_button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(self.data_button)
        self.real_action = _checkable(menu, "The project's windows", True)
        menu.addSeparator()
        self.motion_group = QActionGroup(self)
        self.motion_actions = {
            name: _checkable(menu, words, name == "demo")
            for name, words in (("", "No motions"), ("demo", "Bundled demo motions"),
                                ("run", "Motions the model learned from"), ("folder", "Motions of a folder…"))
        }  # fmt: skip
        for name, action in self.motion_actions.items():
            action.setData(name)
            self.motion_group.addAction(action)
        menu.addSeparator()
        self.placement_action = _checkable(menu, "A point for every placement", False)
        self.play_action = _checkable(menu, "A click plays the window", True)
        self.data_button.setMenu(menu)

    def _make_tools(self) -> None:
        self.tools: dict[str, QToolButton] = {}
        self._tool_group = QButtonGroup(self)
        for name, words, tip in _TOOLS:
            button = tool_button(words, tip=tip, accessible=words, style="component", checked=name == "pan")
            self.tools[name] = button
            self._tool_group.addButton(button)
        self.density = tool_button("Density", tip="How many points lie where, on a logarithmic scale",
                                   accessible="Show density", style="component", checked=False)  # fmt: skip
        self.fit = tool_button("Fit", tip="Show all points (0)", accessible="Show all points", style="component")

    def _make_side(self) -> None:
        self.point_words = label("Click a point to see what is near it in the full space.", style="muted",
                                 accessible="The point looked at")  # fmt: skip
        self.point_words.setWordWrap(True)
        self.point_words.setTextFormat(Qt.TextFormat.PlainText)
        self.open_motion = push_button("Open the motion", tip="Open the motion of this point and go to its time")
        self.open_motion.hide()
        self.near = QListWidget()
        self.near.setAccessibleName("Nearest neighbours in the full space")
        self.near.setToolTip("Cosine similarity in the full space; click goes there, Return or double click walks on")
        self.near.setUniformItemSizes(True)
        self.near.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.near.setMinimumHeight(40)
        self.legend.setMinimumHeight(60)

    def _make_foot(self) -> None:
        self.words = label(style="muted", tip=TRUST_TIP, accessible="About the picture")
        self.words.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("How far the work is")
        self.bar.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.busy_words = label(style="muted", accessible="What is being worked out")
        self.cancel = tool_button("Cancel", tip="Stop working it out", accessible="Cancel", style="component")
        self.picked_words = label(style="muted", accessible="What is picked")
        self.picked_words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.label_button = tool_button("Label as", tip="Label the picked windows on the tier that is labelled",
                                        accessible="Label the picked windows", style="component")  # fmt: skip
        self.class_box = combo(tip="Class that the picked windows get", accessible="Class of the picked windows",
                               characters=6)  # fmt: skip
        self.labels_button = tool_button(
            "Their labels", tip="Pick the labels of this session that the picked windows lie in",
            accessible="Pick their labels", style="component",
        )  # fmt: skip
        self.clear_button = tool_button("Clear", tip="Pick nothing (Esc)", accessible="Pick nothing",
                                        style="component")  # fmt: skip

    def _lay_out(self) -> None:
        first, second = _row(self.space, self.data_button, self.embed_button), QHBoxLayout()
        first.setStretch(0, 1)
        second.setSpacing(6)
        second.addWidget(self.layout_box, 1)
        second.addWidget(label("by", style="muted"))
        second.addWidget(self.color_box, 1)
        tools = _row(*self.tools.values(), self.density, self.fit)
        tools.setSpacing(3)
        tools.addStretch(1)
        self._lay_out_middle()
        self.empty = label(style="muted", accessible="What to do next")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.splitter)
        self.busy, self.picked_row = QWidget(), QWidget()
        for widget, row in (
            (self.busy, _row(self.busy_words, self.bar, self.cancel)),
            (self.picked_row, _row(self.picked_words, self.labels_button, self.label_button, self.class_box,
                                   self.clear_button)),
        ):  # fmt: skip
            row.setContentsMargins(0, 0, 0, 0)
            widget.setLayout(row)
            widget.hide()
        self.picked_row.layout().setStretch(0, 1)  # type: ignore[union-attr]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        self.second, self.tool_row = QWidget(), QWidget()
        for widget, row in ((self.second, second), (self.tool_row, tools)):
            row.setContentsMargins(0, 0, 0, 0)
            widget.setLayout(row)
        self._top = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._top.setSpacing(6)
        self._middle, self._below = QHBoxLayout(), QVBoxLayout()
        self._middle.setSpacing(10)
        self._middle.addWidget(self.second, 1)
        self._top.addLayout(first, 1)
        self._top.addLayout(self._middle, 1)
        layout.addLayout(self._top)
        layout.addLayout(self._below)
        self._below.addWidget(self.tool_row)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.words)
        layout.addWidget(self.busy)
        layout.addWidget(self.picked_row)

    def _lay_out_middle(self) -> None:
        """Points, and beside them the legend and one point's neighbours."""
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        parts: tuple[tuple[QWidget, int], ...] = (
            (self.legend, 3), (self.point_words, 0), (self.open_motion, 0), (self.near, 2),
        )  # fmt: skip
        for part, stretch in parts:
            column.addWidget(part, stretch)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.cloud)
        self.splitter.addWidget(side)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([_SIDE_PX * 2, _SIDE_PX])

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Beside each other where there is room, else below."""
        super().resizeEvent(event)
        wide, wider = self.width() >= _WIDE_PX, self.width() >= _WIDER_PX
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._top.setDirection(beside if wider else below)
        wanted = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self.splitter.orientation() != wanted:
            self.splitter.setOrientation(wanted)
            whole = self.splitter.width() if wide else self.splitter.height()
            self.splitter.setSizes([whole - _SIDE_PX, _SIDE_PX] if wide else [round(whole * 0.62), round(whole * 0.38)])
            (self._middle if wide else self._below).addWidget(self.tool_row)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """What still makes sense."""
        return QSize(300, 320)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    for widget in widgets:
        row.addWidget(widget)
    return row


def _checkable(menu: QMenu, words: str, on: bool) -> QAction:
    action = menu.addAction(words)
    action.setCheckable(True)
    action.setChecked(on)
    return action
