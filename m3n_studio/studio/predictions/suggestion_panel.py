"""What the Suggestions view is made of: choices, the list, buttons, counts, and what is said where there is nothing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.look.keys_first import KeysFirst
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, push_button, tool_button
from m3n_studio.studio.predictions.suggestion_list import ProposalDelegate, ProposalList
from m3n_studio.studio.predictions.suggestion_model import ProposalModel
from m3n_studio.studio.predictions.suggestion_work import Mode

MODES: tuple[tuple[Mode, str, str], ...] = (
    ("next", "Next to label", "Stretches without a label that are most worth one: unsure, in dispute, rare"),
    ("confident", "Confident", "Stretches without a label the model is at least 90 % sure of throughout"),
    ("errors", "Review errors", "Labels the model does not believe: likely another class, or an edge misplaced"),
)
#: From this width on all choices are in one row, px.
_WIDE_PX = 560
#: Below this height the keys are said in the tooltip of their button only, px.
_LOW_PX = 260
_SCOPES = (("This session", "session"), ("Project", "project"))


class SuggestionPanel(QWidget):
    """The widgets, without what they do."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = ProposalModel()
        self.delegate = ProposalDelegate(theme, self.model)
        self.list = ProposalList(self.model, self.delegate)
        self._make_choices()
        self._make_rest()
        self._lay_out()
        KeysFirst(self)

    def _make_choices(self) -> None:
        self.modes = QButtonGroup(self)
        self.modes.setExclusive(True)
        for i, (_, words, tip) in enumerate(MODES):
            button = tool_button(words, tip=tip, accessible=words, style="component", checked=i == 0)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self.modes.addButton(button, i)
        self.run_box = combo(tip="Finetuned model that makes the suggestions", accessible="Model", characters=6)
        self.scope = combo(tip="Where to look", accessible="Where to look", characters=6)
        for words, value in _SCOPES:
            self.scope.addItem(words, value)
        self.class_box = combo(tip="Only suggestions of this class", accessible="Class", characters=6)
        self.keys_button = tool_button(
            "Keys", tip="Decide with keys anywhere in the window (F6)", accessible="Decide with keys",
            style="component", checked=False,
        )  # fmt: skip
        self.loop_button = tool_button(
            "Loop", tip="Play the suggestion round and round (L while keys decide)", accessible="Loop the suggestion",
            style="component", checked=False,
        )  # fmt: skip

    def _make_rest(self) -> None:
        self.words = label(style="muted", accessible="What was found")
        self.words.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Sessions predicted")
        self.bar.hide()
        self.legend = label(style="muted", accessible="Keys")
        self.legend.setWordWrap(True)
        self.legend.hide()
        self.accept_button = tool_button("Accept", tip="Take it as proposed (Return)", accessible="Accept",
                                         style="component")  # fmt: skip
        self.reject_button = tool_button("Reject", tip="Do not propose it again (Backspace)", accessible="Reject",
                                         style="component")  # fmt: skip
        self.correct_button = tool_button("Correct ▾", accessible="Correct to another class", style="component",
                                          tip="Label it as another class (the key of the class)")  # fmt: skip
        self.correct_button.setStyleSheet("QToolButton::menu-indicator { image: none; width: 0; }")
        self.correct_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.counts = label(style="muted", accessible="What was decided",
                            tip="Decided about this model's suggestions since the window opened")  # fmt: skip
        self.counts.setWordWrap(True)
        self.again_words = label(accessible="Train again")
        self.again_words.setWordWrap(True)
        self.again_button = push_button("Train again", tip="Open what trains a model", style="primary")
        self.empty_words = label(accessible="What to do")
        self.empty_words.setWordWrap(True)
        self.empty_words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty_button = push_button("Train a model", tip="Open what trains a model", style="primary")

    def _lay_out(self) -> None:
        self.pages = QStackedWidget()
        self.pages.addWidget(self._page())
        self.pages.addWidget(self._empty())
        first = QHBoxLayout()
        first.setSpacing(6)
        for button in self.modes.buttons():
            first.addWidget(button)
        self.choices = QGridLayout()
        self.choices.setSpacing(6)
        self._arrange(wide=False)
        whole = QVBoxLayout(self)
        whole.setSpacing(6)
        whole.setContentsMargins(10, 8, 10, 8)
        whole.addLayout(first)
        whole.addLayout(self.choices)
        whole.addWidget(self.pages, 1)

    def _page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        foot = QHBoxLayout()
        for button in (self.accept_button, self.correct_button, self.reject_button):
            foot.addWidget(button)
        foot.addWidget(self.counts, 1)
        self.counts.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.again = QWidget()
        again = QHBoxLayout(self.again)
        again.setContentsMargins(0, 2, 0, 0)
        again.addWidget(self.again_words, 1)
        again.addWidget(self.again_button)
        self.again.hide()
        foot.setSpacing(6)
        for widget in (self.words, self.bar):
            layout.addWidget(widget)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.legend)
        layout.addLayout(foot)
        layout.addWidget(self.again)
        return page

    def _arrange(self, *, wide: bool) -> None:
        """The choices in one row where there is room, else in two."""
        if wide is self._wide:
            return
        self._wide = wide
        tools = (self.run_box, self.scope, self.class_box, self.keys_button, self.loop_button)
        places = ((0, 0), (0, 1), (0, 2), (0, 3), (0, 4)) if wide else ((0, 0), (0, 1), (1, 0), (1, 2), (1, 3))
        for widget, at in zip(tools, places, strict=True):
            spans = (1, 3) if widget is self.scope and not wide else (1, 1)
            self.choices.addWidget(widget, *at, *spans)
        for column, stretch in enumerate((3, 3, 3, 0) if wide else (3, 2, 0, 0)):
            self.choices.setColumnStretch(column, stretch)

    _wide: bool | None = None

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Use the room there is."""
        super().resizeEvent(event)
        self._arrange(wide=event.size().width() >= _WIDE_PX)
        low = event.size().height() < _LOW_PX
        self.legend.setMaximumHeight(0 if low else 16_777_215)

    def _empty(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        layout.addWidget(self.empty_words)
        layout.addSpacing(8)
        layout.addWidget(self.empty_button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        return page
