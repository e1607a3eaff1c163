"""The page of matrices: what is measured, in which order, retrieval beside it; a cell leads to its window."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent, QStandardItemModel
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.going import Goer
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.core.moments import Moment
from m3n_studio.studio.embedding.matrix_model import KINDS, Matrix, build, nearest, placements_worn
from m3n_studio.studio.embedding.matrix_paint import MatrixView, signed
from m3n_studio.studio.embedding.retrieval_table import RetrievalTable
from m3n_studio.studio.embedding.similarity_busy import BusyRow, Hint, Wrapped
from m3n_studio.studio.embedding.similarity_work import Measured, Source, Wish, checkpoint_stamp, measure
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, push_button

SOURCES: tuple[tuple[str, Source, str], ...] = (
    ("Labelled recordings", "recordings", "Windows of this project's recordings that have a class"),
    ("Motions learned from", "motions", "The motions the run was pretrained on: text, pose and synthetic signals"),
    ("Shipped motions", "shipped", "The few motions that come with the program"),
)
_WIDE_PX = 640
_BEGIN = "Choose a run and what to look at, then Compute: how alike text, pose and signals are, class by class."


class MatrixPage(QWidget):
    """Matrices and retrieval."""

    def __init__(self, context: ViewContext, goer: Goer) -> None:
        super().__init__()
        self._context, self._goer = context, goer
        self.run = ""
        self.measured: Measured | None = None
        self.matrix: Matrix | None = None
        self._make(context.theme)
        self._lay_out()
        self.compute.clicked.connect(self.look)
        self.busy.stopped.connect(self._on_stopped)
        self.view.hovered.connect(self._on_hover)
        self.view.chosen.connect(self._on_chosen)
        for box in (self.kind, self.placement, self.order):
            box.activated.connect(self._rebuild)
        self.around.activated.connect(lambda: self.view.set_around(str(self.around.currentData())))
        if context.desk is not None:
            context.desk.written.connect(self._on_written)
            context.desk.project_changed.connect(self._on_project)

    def _make(self, theme: Theme) -> None:
        self.source = combo(tip="Whose windows", accessible="Whose windows", characters=12)
        for words, value, tip in SOURCES:
            self.source.addItem(words, value)
            self.source.setItemData(self.source.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.compute = push_button("Compute", tip="Embed the windows with the run and compare them", style="primary")
        self.kind = combo(tip="What is compared with what", accessible="Matrix", characters=8)
        for kind in KINDS:
            self.kind.addItem(kind.title, kind.name)
        self.placement = combo(tip="Whose signals", accessible="Placement", characters=6)
        self.order = combo(tip="By class, or so that what is alike stands together", accessible="Order", characters=6)
        self.order.addItem("By class", "class")
        self.order.addItem("Clustered", "clustered")
        self.around = combo(tip="The middle of the colours: the mean of the matrix shows differences best, 0 shows"
                            " what is alike at all", accessible="Middle of the colours", characters=6)  # fmt: skip
        self.around.addItem("Colours: mean", "mean")
        self.around.addItem("Colours: 0", "zero")
        self.words = Wrapped(style="muted", accessible="What is shown")
        self.cell_words = Wrapped(" ", accessible="The cell pointed at")
        self.cell_words.setMinimumHeight(2 * self.cell_words.fontMetrics().height() + 2)
        self.cell_words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.busy = BusyRow("computing similarities")
        self.view, self.table = MatrixView(theme), RetrievalTable()
        self.hint = Hint("How alike is what the model sees?", _BEGIN)

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.source, 1)
        first.addWidget(self.compute)
        for box in (self.kind, self.placement, self.order, self.around):
            second.addWidget(box, 1)
        left, self._left = QVBoxLayout(), QWidget()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(4)
        left.addWidget(self.view, 1)
        left.addWidget(self.cell_words)
        self._left.setLayout(left)
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setSpacing(10)
        self._body.addWidget(self._left, 3)
        self._body.addWidget(self.table, 2)
        shown = QWidget()
        inside = QVBoxLayout(shown)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(6)
        inside.addLayout(second)
        inside.addWidget(self.words)
        inside.addLayout(self._body, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.hint)
        self.stack.addWidget(shown)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for row in (first, second):
            row.setSpacing(6)
        layout.addLayout(first)
        layout.addWidget(self.busy)
        layout.addWidget(self.stack, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Numbers stand beside the matrix where there is room, else below."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE_PX
        self._body.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.view.set_theme(theme)

    def release(self) -> None:
        """Stop."""
        self.busy.stop()

    # ------------------------------------------------------------------ measuring

    def set_run(self, path: str) -> None:
        """Look at another run."""
        if path != self.run:
            self.run = path
            self._forget()

    def _forget(self) -> None:
        self.busy.stop()
        self.measured = self.matrix = None
        self.view.set_matrix(None, {})
        self.hint.say("How alike is what the model sees?", _BEGIN)
        self.stack.setCurrentIndex(0)

    @Slot()
    def _on_project(self) -> None:
        """Where what was measured is of a project that is closed, it goes."""
        desk = self._context.desk
        if self.measured is not None and self.measured.wish.source == "recordings" and desk is not None:
            known = set() if desk.project is None else {s.id for s in desk.project.sessions()}
            if not set(self.measured.session.tolist()) <= known:
                self._forget()

    def tier_name(self) -> str:
        """Of the tier whose labels are classes."""
        desk = self._context.desk
        return "" if desk is None or desk.tier is None else desk.tier.name

    @Slot()
    def look(self) -> None:
        """Measure."""
        if not self.run:
            return
        wish = Wish(self.run, self.source.currentData(), self.tier_name())
        project = None if self._context.desk is None else self._context.desk.project

        def work(task: Task) -> Measured:
            return measure(project, wish, task)

        self.hint.say("Computing …", "Reading, embedding, comparing. The first time after the start takes longer.")
        self.words.setText("Computing …")
        self.busy.follow(
            self._context.jobs.run("Similarity", work, done=self._on_measured, failed=self._on_failed, key="similarity")
        )

    @Slot()
    def _on_stopped(self) -> None:
        self.hint.say("Stopped.", _BEGIN)
        self._tell()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.measured = self.matrix = None
        self.hint.say("It could not be computed", str(error))
        self.stack.setCurrentIndex(0)

    @Slot(object)
    def _on_measured(self, measured: Measured) -> None:
        if measured.wish.run != self.run:
            return
        self.measured = measured
        now = self.placement.currentData()
        self.placement.clear()
        for name in placements_worn(measured.space):
            self.placement.addItem(name.replace("_", " "), name)
        self.placement.setCurrentIndex(max(self.placement.findData(now), 0))
        self._enable_kinds(measured)
        self.table.show_numbers(measured)
        self.stack.setCurrentIndex(1)
        self._rebuild()

    def _enable_kinds(self, measured: Measured) -> None:
        """What cannot be had is grey and says why; where it was chosen, the first that can is."""
        model = cast(QStandardItemModel, self.kind.model())
        good = []
        for i, kind in enumerate(KINDS):
            why = kind.lacks(measured.space)
            model.item(i).setEnabled(not why)
            self.kind.setItemData(i, why, Qt.ItemDataRole.ToolTipRole)
            good += [] if why else [i]
        if good and self.kind.currentIndex() not in good:
            self.kind.setCurrentIndex(good[0])

    # ------------------------------------------------------------------ showing

    @Slot()
    def _rebuild(self) -> None:
        measured = self.measured
        if measured is None:
            return
        kind, placement, order = (str(box.currentData()) for box in (self.kind, self.placement, self.order))
        self.placement.setEnabled(kind != "imu-imu" and self.placement.count() > 1)

        def work(_: Task) -> Matrix:
            return build(measured, kind, placement, order)

        self._context.jobs.run("Ordering", work, done=self._on_built, failed=self._on_failed, key="similarity.order",
                               quiet=True)  # fmt: skip

    @Slot(object)
    def _on_built(self, matrix: Matrix) -> None:
        if self.measured is None:
            return
        self.matrix = matrix
        self.view.set_matrix(matrix, self._colors())
        self.cell_words.setText(" ")
        self._tell()

    def _colors(self) -> dict[str, str]:
        desk = self._context.desk
        return {} if desk is None else {c.name: c.color for t in reversed(desk.tiers) for c in t.classes}

    def _tell(self, more: str = "") -> None:
        """What is shown, and whether it is still true."""
        if self.measured is None or self.matrix is None:
            return
        m, g = self.measured, self.matrix.values.shape
        what = "windows of motions" if m.space.kind == "motions" else "labelled windows"
        parts = [f"{len(m.space)} {what}, {len(m.space.sentences)} sentences."]
        if self.matrix.aggregated:
            parts.append(f"Shown in {g[0]} × {g[1]} cells; a cell is the mean of its neighbours.")
        if m.notes:
            parts.append(f"{len(m.notes)} motions left out.")
        if checkpoint_stamp(m.wish.run) != m.stamp:
            parts.append("The run has a better model since: compute anew.")
        self.words.setText(" ".join([*parts, more]).strip())
        self.words.setToolTip("\n".join(m.notes[:20]))

    @Slot(str, object)
    def _on_written(self, *_: object) -> None:
        if self.measured is not None and self.measured.wish.source == "recordings":
            self._tell("Labels have changed since: compute anew.")

    def epoch_ended(self, path: str) -> None:
        """A run has gone on."""
        if path == self.run:
            self._tell()

    @Slot(object)
    def _on_hover(self, cell: tuple[int, int] | None) -> None:
        m = self.matrix
        if m is None or cell is None:
            self.cell_words.setText(" ")
            return
        i, j = cell
        value = m.values[i, j]
        said = signed(float(value)) if value == value else "no pair to compare"
        self.cell_words.setText(
            f"<b>{said}</b>&nbsp; {_safe(m.rows.label(i))} &nbsp;↔&nbsp; {_safe(m.columns.label(j))}"
        )

    @Slot(int, int, bool)
    def _on_chosen(self, i: int, j: int, row: bool) -> None:
        """Pick the windows of a cell, and go to the column's; with Shift to the row's."""
        m, measured = self.matrix, self.measured
        if m is None or measured is None:
            return
        sides = list(zip((m.rows, m.columns), nearest(m, i, j), strict=True))
        at = [-1 if s.window is None or k < 0 else int(s.window[k]) for s, k in sides]
        windows = [k for k in at if k >= 0]
        target = at[0] if (row and at[0] >= 0) or at[1] < 0 else at[1]
        if target < 0:
            return
        if not measured.session[target]:
            self.cell_words.setText(f"{_safe(str(measured.space.name[target]))} is a motion: nothing of this project.")
            return
        moments = [self._moment(measured, k) for k in windows]
        if self._context.moments is not None:
            self._context.moments.pick(moments)
        there = self._moment(measured, target)
        self._goer.go(there.session, there.start_s, there.end_s)

    @staticmethod
    def _moment(measured: Measured, k: int) -> Moment:
        start = float(measured.space.start_s[k])
        return Moment(str(measured.session[k]), start, start + measured.length_s)


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
