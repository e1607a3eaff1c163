"""What the Similar view is made of: choices, progress, the list of matches, buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from m3n_studio.studio.labels.similar_list import MatchDelegate, MatchList, MatchModel
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, push_button, tool_button

BEGIN = "Pick a label, or select a time (Shift+drag in the traces), and press Ctrl+F."
_SCOPES = (("This session", "session"), ("This subject", "subject"), ("Project", "project"))


class SimilarPanel(QWidget):
    """The widgets, without what they do."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = MatchModel()
        self.delegate = MatchDelegate(theme, self.model)
        self.list = MatchList(self.model, self.delegate)
        self._make()
        self._lay_out()

    def _make(self) -> None:
        self.find_button = push_button("Find similar", tip="Search for stretches like the picked label, or the"
                                       " selected time (Ctrl+F)", style="primary")  # fmt: skip
        self.scope = combo(tip="Where to search", accessible="Where to search", characters=6)
        for words, value in _SCOPES:
            self.scope.addItem(words, value)
        self.how = combo(
            tip="Shape: size does not matter. Amplitude: values as they are.", accessible="What counts", characters=5
        )
        self.how.addItem("Shape", False)
        self.how.addItem("Amplitude", True)
        self.placement = combo(tip="Which recording is searched", accessible="Recording", characters=5)
        self.label_box = combo(tip="Class that accepted matches get", accessible="Class of accepted matches",
                               characters=6)  # fmt: skip
        self.words = label(BEGIN, style="muted", accessible="What was found")
        self.words.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("How far the search is")
        self.cancel = tool_button("Cancel", tip="Stop searching", accessible="Stop searching", style="component")
        self.least = named(QDoubleSpinBox(), tip="Least score that is accepted together; 1 is the same",
                           accessible="Least score accepted")  # fmt: skip
        self.least.setRange(0.0, 1.0)
        self.least.setSingleStep(0.05)
        self.least.setValue(0.8)
        self.least.setPrefix("≥ ")
        self.least.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.all = tool_button(
            "Accept all", accessible="Accept all above a score", style="component",
            tip="Accept all with at least this score that are not rejected and not labelled already",
        )  # fmt: skip
        self.accept_button = tool_button("Accept", tip="Label the match (Return)", accessible="Accept the match",
                                         style="component")  # fmt: skip
        self.reject_button = tool_button("Reject", tip="Turn the match down (Backspace)",
                                         accessible="Reject the match", style="component")  # fmt: skip

    def _lay_out(self) -> None:
        first, second, busy, foot = QHBoxLayout(), QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.find_button)
        first.addWidget(self.scope, 1)
        first.addWidget(self.how, 1)
        second.addWidget(self.placement, 1)
        second.addWidget(label("as", style="muted"))
        second.addWidget(self.label_box, 1)
        self.bar.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        busy.addWidget(self.bar, 1)
        busy.addWidget(self.cancel)
        self.busy = QWidget()
        busy.setContentsMargins(0, 0, 0, 0)
        self.busy.setLayout(busy)
        self.busy.hide()
        foot.addWidget(self.accept_button)
        foot.addWidget(self.reject_button)
        foot.addStretch(1)
        foot.addWidget(self.all)
        foot.addWidget(self.least)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        for row in (first, second):
            row.setSpacing(6)
            layout.addLayout(row)
        layout.addWidget(self.words)
        layout.addWidget(self.busy)
        layout.addWidget(self.list, 1)
        foot.setSpacing(6)
        layout.addLayout(foot)
