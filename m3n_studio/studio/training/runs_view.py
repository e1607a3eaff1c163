"""The Runs view: the project's training runs, live; curves, results, diagnosis of those chosen; several compared."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, QTimer, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.run_shelf import RunEntry, RunShelf
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, named, push_button, tool_button
from m3n_studio.studio.training.compare_table import ComparePage
from m3n_studio.studio.training.curve_panel import CurvePanel
from m3n_studio.studio.training.diagnosis_list import DiagnosisList
from m3n_studio.studio.training.fold_table import ResultsPage
from m3n_studio.studio.training.run_commands import RunCommands
from m3n_studio.studio.training.run_list import RunList, RunRow
from m3n_studio.studio.training.run_reader import RunReader
from m3n_studio.studio.training.run_results import FoldRow, RunResults, read_compared, with_history

if TYPE_CHECKING:
    from m3n_studio.learning.run_history import History

_PAINT_MS = 120
_WIDE_PX = 780
_PAGES = (
    ("curves", "Curves", "Losses, macro F1 and more over epochs or steps"),
    ("results", "Results", "Folds, scores and confusion of the first run chosen"),
    ("diagnosis", "Diagnosis", "What is wrong with the runs chosen, and what to try"),
    ("compare", "Compare", "Results and settings of the runs chosen, side by side"),
)
_NO_PROJECT = (
    "Training runs belong to a project.\n\nOpen or make one (File › Open project…, New project…); its runs are"
    " listed here while they train and afterwards."
)
_NO_RUNS = (
    "No runs yet.\n\nTrain from the Train view, or on the command line with --out in this project's folder “runs”."
    " A run made elsewhere can be dropped here, or followed:"
)


class RunsView(QWidget):
    """Runs and what they say."""

    def __init__(self, context: ViewContext, desk: Desk, shelf: RunShelf) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.desk, self.shelf, self._jobs, self._report = desk, shelf, context.jobs, context.report
        self._compared: Any = None
        self._train = context.actions.get("training")
        self.reader = RunReader(shelf, context.jobs, self)
        self.list = RunList(context.theme)
        self.curves = CurvePanel(context.theme)
        self.results = ResultsPage(context.theme)
        self.diagnosis = DiagnosisList(context.theme)
        self.compare = ComparePage(context.theme)
        self.commands = RunCommands(context, desk, shelf, self.chosen, self.chosen_curves, self)
        self._later = QTimer(self, singleShot=True, interval=_PAINT_MS)
        self._build()
        self._connect()
        context.add_action(
            ActionSpec("runs.follow", "Follow a &run folder…", "&File", needs="importing",
                       tip="Put a run made elsewhere on the project's list"),
            lambda *_: self.commands.ask_follow(),
        )  # fmt: skip
        self._on_shelf()

    # ------------------------------------------------------------------ making

    def _build(self) -> None:
        self.count = label(style="muted", accessible="How many runs")
        self.count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.follow_button = tool_button("Follow…", tip="Follow a run folder made elsewhere", style="component",
                                         accessible="Follow a run folder")  # fmt: skip
        self.follow_button.clicked.connect(lambda: self.commands.ask_follow())
        head = QHBoxLayout()
        head.addWidget(self.count, 1)
        head.addWidget(self.follow_button)
        left = QWidget()
        left_layout = QVBoxLayout(left)
        left_layout.setContentsMargins(0, 0, 0, 0)
        left_layout.setSpacing(6)
        left_layout.addLayout(head)
        left_layout.addWidget(self.list, 1)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(9)
        self.split.addWidget(left)
        self.split.addWidget(self._details())
        self.split.setStretchFactor(1, 1)
        self.hint = label(style="muted")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint_button = push_button("Follow a run folder…", tip="Choose the folder of a run made elsewhere")
        self.hint_button.clicked.connect(lambda: self.commands.ask_follow())
        self.train_button = push_button("Train a model…", tip="Open the Train view", style="primary")
        self.train_button.clicked.connect(lambda: self._train.trigger() if self._train is not None else None)
        empty = QWidget()
        empty_layout = QVBoxLayout(empty)
        empty_layout.setContentsMargins(24, 12, 24, 12)
        empty_layout.setSpacing(12)
        empty_layout.addStretch(1)
        empty_layout.addWidget(self.hint)
        for button in (self.train_button, self.hint_button):
            empty_layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        empty_layout.addStretch(1)
        self.whole = QStackedWidget()
        self.whole.addWidget(empty)
        self.whole.addWidget(self.split)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addWidget(self.whole)

    def _details(self) -> QWidget:
        self.pages = QStackedWidget()
        self.tabs: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(2)
        views = {"curves": self.curves, "results": self.results, "diagnosis": self.diagnosis, "compare": self.compare}
        for number, (name, words, tip) in enumerate(_PAGES):
            button = tool_button(words, tip=tip, accessible=words, checked=number == 0)
            group.addButton(button, number)
            row.addWidget(button)
            self.tabs[name] = button
            self.pages.addWidget(views[name])
        row.addStretch(1)
        group.idToggled.connect(self._on_page)
        self.trouble = label(style="warning", accessible="What went wrong")
        self.trouble.setWordWrap(True)
        details = named(QWidget(), accessible="Details of the runs chosen")
        layout = QVBoxLayout(details)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addWidget(self.trouble)
        layout.addWidget(self.pages, 1)
        return details

    def _connect(self) -> None:
        self.shelf.changed.connect(self._on_shelf)
        self.desk.project_changed.connect(self._on_shelf)
        self.desk.tiers_changed.connect(self._soon)
        self.reader.grown.connect(self._soon)
        self.reader.judged.connect(self._soon)
        self.list.chosen_changed.connect(self._on_chosen)
        self.list.menu_wanted.connect(self._on_menu)
        self.list.remove_wanted.connect(self.commands.remove)
        self.list.copy_wanted.connect(self.commands.copy_path)
        self._later.timeout.connect(self.refresh)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for view in (self.list, self.curves, self.results, self.diagnosis, self.compare):
            view.set_theme(theme)

    def release(self) -> None:
        """The window closes."""
        self._later.stop()
        self.reader.stop()

    # ------------------------------------------------------------------ what is chosen

    def chosen(self) -> list[RunEntry]:
        """The runs chosen, in the order of the list."""
        found = [self.list.entry(path) for path in self.list.chosen]
        return [e for e in found if e is not None]

    def chosen_curves(self) -> list[tuple[str, History]]:
        """(name, history) of the runs chosen that have been read."""
        return [(e.name, self.reader.histories[e.path]) for e in self.chosen() if e.path in self.reader.histories]

    @Slot()
    def _on_shelf(self) -> None:
        """Other runs, or one stands otherwise."""
        project = self.desk.project
        self.hint.setText(_NO_PROJECT if project is None else _NO_RUNS)
        self.hint_button.setVisible(project is not None and not self.desk.read_only)
        self.train_button.setVisible(project is not None and not self.desk.read_only and self._train is not None)
        self.follow_button.setEnabled(not self.desk.read_only)
        self.whole.setCurrentIndex(1 if self.shelf.entries else 0)
        before = {row.entry.path for row in self.list.runs.rows}
        self._list_rows()
        begun = [e.path for e in self.shelf.entries if e.live and e.path not in before]
        if begun and before and len(self.list.chosen) < 2:  # who compares is left in peace
            self.list.choose(begun[:1])
        self._compared = None
        self._ask_compared()
        self._soon()

    @Slot()
    def _on_chosen(self) -> None:
        self.reader.choose(self.list.chosen)
        self._compared = None
        self._ask_compared()
        self.refresh()

    def _ask_compared(self) -> None:
        paths = self.list.chosen
        if len(paths) > 1:
            self._jobs.run("Comparing runs", lambda _task: (paths, read_compared(paths)), done=self._on_compared,
                           key="runs.compare", quiet=True)  # fmt: skip

    @Slot(object)
    def _on_compared(self, found: Any) -> None:
        paths, words = found
        if paths == self.list.chosen:
            self._compared = words
            self._soon()

    @Slot(int, bool)
    def _on_page(self, number: int, on: bool) -> None:
        if on:
            self.pages.setCurrentIndex(number)
            self.refresh()

    def show_page(self, name: str) -> None:
        """Bring a page to the front: curves, results, diagnosis or compare."""
        self.tabs[name].setChecked(True)

    # ------------------------------------------------------------------ painting

    @Slot()
    def _soon(self, *_: object) -> None:
        if self.isVisible() and not self._later.isActive():
            self._later.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up."""
        super().showEvent(event)
        self._soon()

    def _list_rows(self) -> None:
        rows = [self._row(entry) for entry in self.shelf.entries]
        self.list.set_rows(rows)
        live = sum(e.live for e in self.shelf.entries)
        self.count.setText(f"{len(rows)} run{'s' * (len(rows) != 1)}" + (f" · {live} running" if live else ""))

    def _row(self, entry: RunEntry) -> RunRow:
        history = self.reader.histories.get(entry.path)
        if history is None:
            return RunRow(entry)
        results = self.reader.results.get(entry.path)
        folds = 0 if results is None else len(results.folds)
        folds = folds or (5 if entry.kind == "finetune" and _of(history) == 0 else _of(history))
        done = [p.macro_f1 for p in history.parts.values() if math.isfinite(p.macro_f1)]
        so_far = f"F1 {100 * sum(done) / len(done):.1f} so far" if done else ""
        return RunRow(entry, history.share(folds), history.eta_s(folds), so_far)

    @Slot()
    def refresh(self) -> None:
        """Show what there is of the runs chosen, on the page in front."""
        if not self.shelf.entries:
            return
        self._list_rows()
        chosen = self.chosen()
        results = self.reader.results
        self.trouble.setText("\n".join(f"{e.name}: {e.message}" for e in chosen if e.message))
        self.trouble.setVisible(bool(self.trouble.text()))
        found = tuple((e.name, r.diagnosis) for e in chosen if (r := results.get(e.path)) is not None and r.diagnosis)
        self.diagnosis.show_diagnoses(tuple((n, d) for n, d in found if d is not None))
        count = self.diagnosis.count
        self.tabs["diagnosis"].setText(f"Diagnosis ({count})" if count else "Diagnosis")
        page = _PAGES[self.pages.currentIndex()][0]
        if page == "curves":
            self.curves.set_runs(self.chosen_curves())
        elif page == "results" and chosen:
            self._show_results(chosen[0], results.get(chosen[0].path))
        elif page == "compare":
            paths = [e.path for e in chosen]
            found_ = self._compared if len(chosen) > 1 else None
            self.compare.show_compared(found_, results, paths, [e.name for e in chosen])

    def _show_results(self, entry: RunEntry, results: RunResults | None) -> None:
        history = self.reader.histories.get(entry.path)
        folds: tuple[FoldRow, ...] = () if results is None else results.folds
        if history is not None:
            folds = with_history(folds, history, entry.live)
        colors = {c.name: c.color for tier in self.desk.tiers for c in tier.classes if c.color}
        self.results.show_results(results, folds, _no_folds(entry, results), colors)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """List and details on top of each other where it is narrow, else side by side."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE_PX
        now = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self.split.orientation() != now:
            self.split.setOrientation(now)
        if now != getattr(self, "_split_for", None) and self.split.height() > 50:
            self._split_for = now
            whole = self.split.width() if wide else self.split.height()
            first = round(min(max(0.34 * whole, 300), 380)) if wide else round(min(max(0.28 * whole, 96), 230))
            self.split.setSizes([first, max(whole - first, 1)])

    # ------------------------------------------------------------------ menu, dropping

    @Slot(QPoint)
    def _on_menu(self, at: QPoint) -> None:
        self.commands.menu().popup(at)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take folders of runs where there is a project; else the window opens what is dropped."""
        paths = _folders(event)
        if paths and self.desk.project is not None and not self.desk.read_only:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Follow the runs dropped."""
        paths = _folders(event)
        if paths:
            event.acceptProposedAction()
            self.commands.follow(paths)


def _folders(event: QDragEnterEvent | QDropEvent) -> list[Path]:
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return [p.parent if p.name == "run.json" else p for p in paths if p.is_dir() or p.name == "run.json"]


def _of(history: History) -> int:
    """How many folds the parts' names speak of (``"fold 2 of 5"``); 0 where they do not."""
    part = history.current
    words = "" if part is None else part.name.rpartition(" of ")[2]
    return int(words) if words.isdigit() and len(words) < 5 else 0


def _no_folds(entry: RunEntry, results: RunResults | None) -> str:
    """What there is to say of a run without folds, or without scores yet."""
    if results is None:
        return entry.message or "Reading…"
    if entry.kind == "pretrain":
        m = entry.metrics
        loss, epochs, best = m.get("loss"), m.get("epochs"), m.get("best_epoch")
        if isinstance(loss, int | float):
            return (
                f"Pretraining ended with a loss of {loss:.4f}; the best of {epochs} epochs was {best}. How good its"
                " encoders are shows when something is finetuned from them, and in the Similarity view."
            )
        return "Pretraining has no folds; its result is the loss at its best epoch, once it has ended."
    return "" if results.scores is not None else "Scores come with the first fold that is finished."


def build(context: ViewContext) -> QWidget:
    """The Runs dock."""
    if context.desk is None or context.runs is None:
        return label("Runs need a window with a project.", style="muted")
    view: QWidget = RunsView(context, context.desk, context.runs)
    return view
