"""The Embedding view: windows, poses and sentences as points in a model's space; picked, played, labelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QListWidgetItem, QWidget

from m3n_studio.learning.projection import pca
from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.core.moments import Moments
from m3n_studio.studio.core.run_shelf import RunShelf
from m3n_studio.studio.embedding.embedding_going import Visitor
from m3n_studio.studio.embedding.embedding_models import DEMO, Query
from m3n_studio.studio.embedding.embedding_picks import Picks
from m3n_studio.studio.embedding.embedding_shown import ROW, ShownPoints
from m3n_studio.studio.embedding.embedding_table import PointTable
from m3n_studio.studio.embedding.embedding_work import cached, embed_points
from m3n_studio.studio.embedding.point_picture import Look
from m3n_studio.studio.look.widgets import label

_NO_PROJECT = "No project is open.\n\nOpen one (Ctrl+Alt+O), or make one (Ctrl+N): its windows become points here."
_NO_RUN = (
    "There is no trained model yet.\n\nPretrain an encoder in the Train view, or finetune one: every model of the"
    " project has a space in which windows, motions and sentences are points."
)
_READY = (
    "Press Embed to see where windows, motions and sentences are in the space of this model.\n\n"
    "Data chooses what is shown. The result is kept in the project."
)


@dataclass(frozen=True, eq=False)
class _Made:
    """What the first job gives: points, and where PCA puts them."""

    table: PointTable
    flat: NDArray[np.float32]
    share: float


class EmbeddingView(ShownPoints):
    """The points of a model."""

    def __init__(self, context: ViewContext, desk: Desk, moments: Moments, runs: RunShelf) -> None:
        super().__init__(context, desk)
        self.moments, self.runs = moments, runs
        self._project: object = None
        self._folder, self._motion_name = "", "demo"
        self.picks = Picks(desk, moments, self)
        self.visitor = Visitor(context, desk, self)
        self._connect()
        self._actions()
        self._on_project()

    def _connect(self) -> None:
        self.desk.project_changed.connect(self._on_project)
        self.desk.tiers_changed.connect(self._on_tiers)
        self.desk.written.connect(self._on_written)
        self.desk.session_changed.connect(self._tell_picked)
        self.runs.changed.connect(self._fill_spaces)
        if self.context.predictions is not None:
            self.context.predictions.changed.connect(self._on_written)
            self.context.predictions.models_changed.connect(self._on_written)
        self.space.currentIndexChanged.connect(self._on_space)
        self.embed_button.clicked.connect(self.embed)
        self.cancel.clicked.connect(self.stop)
        self.layout_box.activated.connect(self._on_layout)
        self.color_box.currentIndexChanged.connect(self._recolor)
        self.motion_group.triggered.connect(self._on_motions)
        for action in (self.real_action, self.placement_action):
            action.toggled.connect(self._on_space)
        self.legend.hidden_changed.connect(self._on_hidden)
        for name, button in self.tools.items():
            button.toggled.connect(lambda on, name=name: self._on_tool(name, on))
        self.density.toggled.connect(self.cloud.set_density)
        self.fit.clicked.connect(self.cloud.fit)
        self.picks.changed.connect(self._on_picks)
        self.cloud.drawn.connect(self._on_drawn)
        self.cloud.clicked.connect(self._on_clicked)
        self.cloud.chosen.connect(self.visit)
        self.cloud.stepped.connect(self.look_at)
        self.cloud.cleared.connect(self.clear)
        self.cloud.hovered.connect(self._on_hovered)
        self.near.itemClicked.connect(self._on_near)
        self.near.itemActivated.connect(self._on_walk)
        self.open_motion.clicked.connect(self._open_motion)
        self.label_button.clicked.connect(self._label)
        self.labels_button.clicked.connect(self._pick_labels)
        self.clear_button.clicked.connect(self.clear)
        self.visitor.failed.connect(self.context.report)

    def _actions(self) -> None:
        spec = ActionSpec("embedding.pick_shown", "Pick all points that are shown", "&Edit", needs="project",
                          tip="Pick the points of the Embedding view that its legend shows")  # fmt: skip
        self.context.add_action(spec, lambda *_: self.pick_shown())

    def release(self) -> None:
        """Stop working."""
        self._soon.stop()
        self.stop()

    # ------------------------------------------------------------------ what can be shown

    @Slot()
    def _on_project(self) -> None:
        folder = None if self.desk.project is None else self.desk.project.folder
        if folder != self._project:
            self._project = folder
            self._forget()
        self._fill_spaces()
        self._on_tiers()

    def _forget(self) -> None:
        """Nothing is known of these points any more."""
        self.stop()
        self.table, self.said, self.flats, self.trust, self.shown_method = None, None, {}, {}, ""
        self.picks.set_table(None)
        self.near.clear()
        self.words.clear()
        self.open_motion.hide()
        self._tell_page()

    @Slot()
    def _fill_spaces(self) -> None:
        """Models of the project: pretrained ones, and the folds of finetuned ones."""
        now = self.space.currentData()
        found = [s for e in self.runs.entries if e.status != "unreadable" for s in _spaces(e.path, e.name, e.kind)]
        old = [(self.space.itemText(i), self.space.itemData(i)) for i in range(self.space.count())]
        if found != old:
            self.space.blockSignals(True)
            self.space.clear()
            for words, data in found:
                self.space.addItem(words, data)
            at = [data for _, data in found].index(now) if now in [data for _, data in found] else 0
            self.space.setCurrentIndex(at if found else -1)
            self.space.blockSignals(False)
            if self.space.currentData() != now:
                self._on_space()
        self._tell_page()

    def query(self) -> Query | None:
        """What is asked for; None without a model."""
        chosen = self.space.currentData()
        if chosen is None or self.desk.project is None:
            return None
        motions = {"folder": self._folder, "run": _motions_of(chosen[0])}.get(self._motion_name, self._motion_name)
        tier = self.desk.tier
        classes = () if tier is None else tuple(c.name for c in tier.classes)
        return Query(chosen[0], chosen[1], self.real_action.isChecked(), motions, self.placement_action.isChecked(),
                     classes)  # fmt: skip

    @Slot()
    def _on_space(self, *_: object) -> None:
        """Another model or other data: shown at once where it has been worked out before."""
        self._forget()
        project, query = self.desk.project, self.query()
        if project is None or query is None:
            return

        def peek(task: Task) -> _Made | None:
            return _made(project, query, task) if cached(project, query) else None

        self.context.jobs.run("Looking for points", peek, done=self._on_made, key="embedding", quiet=True)

    @Slot(QAction)
    def _on_motions(self, action: QAction) -> None:
        name = str(action.data())
        if name == "folder":
            folder = QFileDialog.getExistingDirectory(self, "Motions to show", self._folder)
            if not folder:
                self.motion_actions[self._motion_name].setChecked(True)
                return
            self._folder = folder
        self._motion_name = name
        self._on_space()

    def _tell_page(self) -> None:
        words = _READY if self.space.count() else _NO_RUN
        self.empty.setText(_NO_PROJECT if self.desk.project is None else words)
        self.pages.setCurrentIndex(0 if self.table is None else 1)
        there = self.table is not None
        self.embed_button.setVisible(not there)
        self.embed_button.setEnabled(self.space.count() > 0)
        for widget in (self.space, self.data_button):
            widget.setEnabled(self.space.count() > 0)
        for tool in (self.layout_box, self.color_box, self.density, self.fit, *self.tools.values()):
            tool.setEnabled(there)
        self.words.setVisible(bool(self.words.text()))
        self._tell_picked()

    # ------------------------------------------------------------------ working it out

    @Slot()
    def embed(self) -> None:
        """Work out all points."""
        project, query = self.desk.project, self.query()
        if project is None or query is None:
            return
        self._start("Embedding", lambda task: _made(project, query, task), self._on_made)

    @Slot(object)
    def _on_made(self, made: _Made | None) -> None:
        self.busy.hide()
        self.job = None
        if made is None:
            return
        self.table, self._share = made.table, made.share
        self.flats, self.trust, self.shown_method = {"pca": made.flat}, {}, "pca"
        self.layout_box.setCurrentIndex(0)
        n = len(made.table)
        plain = Look(np.zeros(n, np.int64), made.table.modality, (self._theme.muted,), np.zeros(n, dtype=bool))
        self.cloud.set_points(made.flat, plain)
        self.picks.set_table(made.table)
        self._tell_page()
        self._recolor()
        self._judge("pca")

    # ------------------------------------------------------------------ what points stand for

    @Slot(int)
    def visit(self, row: int) -> None:
        """Go to the window of a point and play it, if that is wanted."""
        moment = None if self.table is None else self.table.moment(row)
        if moment is not None:
            self.visitor.go(moment, play=self.play_action.isChecked())

    @Slot()
    def _open_motion(self) -> None:
        row, table = self.cloud.current, self.table
        if table is not None and row >= 0 and str(table.name[row]) in table.paths:
            path = table.paths[str(table.name[row])]
            self.visitor.open_motion(path, float(table.start_s[row]), table.length_s)

    @Slot(QListWidgetItem)
    def _on_near(self, item: QListWidgetItem) -> None:
        row = int(item.data(ROW))
        self.picks.pick(np.array([row]))
        self.visit(row)

    @Slot(QListWidgetItem)
    def _on_walk(self, item: QListWidgetItem) -> None:
        self._on_clicked(int(item.data(ROW)), False)

    # ------------------------------------------------------------------ picking

    @Slot(int, bool)
    def _on_clicked(self, row: int, add: bool) -> None:
        if row < 0:
            if not add:
                self.clear()
            return
        self.look_at(row)
        if add:
            self.picks.toggle(row)
        else:
            self.picks.pick(np.array([row]))
            self.visit(row)

    @Slot(object, bool)
    def _on_drawn(self, rows: Any, add: bool) -> None:
        self.picks.pick(rows.astype(np.int64), add=add)

    def pick_shown(self) -> None:
        """Pick all points that are not hidden."""
        if self.table is not None:
            self.picks.pick(np.flatnonzero(~self.cloud.look.hidden))

    @Slot()
    def clear(self) -> None:
        """Pick nothing."""
        self.picks.pick(np.zeros(0, dtype=np.int64))
        self.cloud.set_current(-1)

    @Slot()
    def _on_picks(self) -> None:
        if self.table is not None:
            self.cloud.set_picked(self.picks.rows)
        self._tell_picked()

    @Slot()
    def _tell_picked(self) -> None:
        count, moments = len(self.picks.rows), len(self.moments.picked)
        self.picked_row.setVisible(self.table is not None and count > 0)
        self.picked_words.setText(f"{count} picked" if count == moments else f"{count} picked, {moments} of recordings")
        writes = not self.desk.read_only and self.class_box.count() > 0 and moments > 0
        self.label_button.setEnabled(writes)
        self.class_box.setEnabled(writes)
        self.labels_button.setEnabled(self.desk.session is not None and bool(self.moments.here))

    @Slot()
    def _label(self) -> None:
        why = self.picks.label(str(self.class_box.currentData() or ""))
        if why:
            self._say(why)

    @Slot()
    def _pick_labels(self) -> None:
        if not self.picks.pick_labels():
            self._say("No label of this tier lies at the picked windows of this session.")


def _made(project: Any, query: Query, task: Task) -> _Made:
    table = embed_points(project, query, task).prepare()
    return _Made(table, *pca(table.vector))


def _spaces(path: str, name: str, kind: str) -> list[tuple[str, tuple[str, int]]]:
    """The spaces of a run: words, its folder and a fold (0: the run's own)."""
    folder = Path(path)
    if kind == "pretrain":
        return [(name, (path, 0))] if (folder / "checkpoints/best.pt").is_file() else []
    numbers = sorted(int(p.parent.name) for p in folder.glob("folds/*/result.json") if p.parent.name.isdigit())
    return [(f"{name}, fold {n}", (path, n)) for n in numbers if (folder / f"folds/{n}/checkpoints/best.pt").is_file()]


def _motions_of(path: str) -> str:
    """The motions a model learned from, or the run it was made from did; the bundled ones where that is not said."""
    from m3n_studio.errors import M3nError
    from m3n_studio.learning.run_folder import RunFolder

    try:
        made_from = RunFolder.open(path).about.made_from
    except M3nError:
        return DEMO
    return str(made_from.get("motion") or DEMO)


def build(context: ViewContext) -> QWidget:
    """The Embedding dock."""
    if context.desk is None or context.moments is None or context.runs is None:
        return label("Points need a window with a project.", style="muted")
    return EmbeddingView(context, context.desk, context.moments, context.runs)
