"""The Similarity view: matrices with retrieval, windows found by words, modalities over epochs, of one run."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.going import Goer
from m3n_studio.studio.core.run_shelf import RunEntry
from m3n_studio.studio.embedding.alignment_over_epochs import AlignmentPage
from m3n_studio.studio.embedding.matrix_view import MatrixPage
from m3n_studio.studio.embedding.sentence_search import SentencePage
from m3n_studio.studio.embedding.similarity_busy import Hint
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, tool_button

_NO_PROJECT = ("No project is open", "Open or make a project: its pretraining runs and recordings are compared here.")
_NO_RUN = (
    "No pretraining run yet",
    "Pretrain in the Train view, or on the command line into this folder:\n"
    "m3n-studio pretrain --motion demo --out {home}/first",
)


class SimilarityView(QWidget):
    """Three pages on one run."""

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._context = context
        desk, runs = context.desk, context.runs
        if desk is None or runs is None:
            raise ValueError("the Similarity view needs a desk and a shelf of runs")
        self._desk, self._runs = desk, runs
        self.goer = Goer(desk, context.clock, context.selection, self)
        self.matrices, self.sentences = MatrixPage(context, self.goer), SentencePage(context, self.goer)
        self.epochs = AlignmentPage(context)
        self._make()
        self.run_box.activated.connect(self._on_run)
        runs.changed.connect(self._fill)
        runs.epoch_ended.connect(self._on_epoch_ended)
        desk.project_changed.connect(self._fill)
        self._fill()

    def _make(self) -> None:
        self.run_box = combo(tip="Which pretraining run", accessible="Pretraining run", characters=10)
        self.pages, self.buttons = QStackedWidget(), QButtonGroup(self)
        head = QHBoxLayout()
        head.setSpacing(4)
        table = (
            ("Matrices", "How alike text, pose and signals are, class by class", self.matrices),
            ("Words", "Find windows by a sentence", self.sentences),
            ("Epochs", "How modalities come together during pretraining", self.epochs),
        )  # fmt: skip
        for i, (words, tip, page) in enumerate(table):
            button = tool_button(words, tip=tip, accessible=words, style="component", checked=i == 0)
            self.buttons.addButton(button, i)
            head.addWidget(button)
            self.pages.addWidget(_scrolled(page))
        self.buttons.idClicked.connect(self.pages.setCurrentIndex)
        head.addStretch(1)
        head.addWidget(label("Run", style="muted"))
        head.addWidget(self.run_box, 4)
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        rows.addLayout(head)
        rows.addWidget(self.pages, 1)
        self.hint, self.stack = Hint(*_NO_PROJECT), QStackedWidget()
        self.stack.addWidget(self.hint)
        self.stack.addWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addWidget(self.stack)

    def show_page(self, number: int) -> None:
        """Show a page: 0 matrices, 1 words, 2 epochs."""
        self.buttons.button(number).setChecked(True)
        self.pages.setCurrentIndex(number)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for page in (self.matrices, self.sentences, self.epochs):
            page.set_theme(theme)

    def release(self) -> None:
        """Stop all work."""
        for page in (self.matrices, self.sentences, self.epochs):
            page.release()

    # ------------------------------------------------------------------ which run

    @Slot()
    def _fill(self) -> None:
        runs = [e for e in self._runs.entries if e.kind == "pretrain"]
        if runs:
            self._list(runs)
        elif self._desk.project is None:
            self.hint.say(*_NO_PROJECT)
        else:
            self.hint.say(_NO_RUN[0], _NO_RUN[1].format(home=self._runs.home))
        self.stack.setCurrentIndex(1 if runs else 0)
        if not runs:
            self.run_box.clear()
        self._on_run()

    def _list(self, runs: list[RunEntry]) -> None:
        wanted = [(f"{e.name}  ·  {e.status}", e.path, e.method) for e in runs]
        shown = [(self.run_box.itemText(i), self.run_box.itemData(i)) for i in range(self.run_box.count())]
        if [w[:2] for w in wanted] == shown:
            return
        now = self.run_box.currentData()
        self.run_box.clear()
        for words, path, method in wanted:
            self.run_box.addItem(words, path)
            self.run_box.setItemData(self.run_box.count() - 1, f"{method}\n{path}", Qt.ItemDataRole.ToolTipRole)
        self.run_box.setCurrentIndex(max(self.run_box.findData(now), 0))

    @Slot()
    def _on_run(self, *_: object) -> None:
        path = str(self.run_box.currentData() or "")
        entry = self._runs.entry(path) if path else None
        self.matrices.set_run(path)
        self.sentences.set_run(path)
        self.epochs.set_run(path, entry is not None and entry.live)

    @Slot(str)
    def _on_epoch_ended(self, path: str) -> None:
        self.matrices.epoch_ended(path)
        self.epochs.epoch_ended(path)


def _scrolled(page: QWidget) -> QScrollArea:
    """A page that scrolls where the dock is too low for it."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    area.viewport().setAutoFillBackground(False)
    page.setAutoFillBackground(False)
    return area


def build(context: ViewContext) -> QWidget:
    """The Similarity dock."""
    if context.desk is None or context.runs is None:
        return label("Similarity needs a window with a project.", style="muted")
    return SimilarityView(context)
