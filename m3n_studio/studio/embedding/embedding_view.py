"""The Embedding view: windows, poses and sentences as points in a model's space; picked, played, labelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QListWidgetItem, QWidget

from m3n_studio.learning.projection import TITLES, Trust, nearest, pca, project, trust
from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Job, Task
from m3n_studio.studio.core.moments import Moments
from m3n_studio.studio.core.run_shelf import RunShelf
from m3n_studio.studio.embedding.embedding_going import Visitor
from m3n_studio.studio.embedding.embedding_legend import mark_icon
from m3n_studio.studio.embedding.embedding_panel import EmbeddingPanel
from m3n_studio.studio.embedding.embedding_picks import Picks
from m3n_studio.studio.embedding.embedding_said import predicted_words
from m3n_studio.studio.embedding.embedding_table import MODALITIES, REAL, Groups, PointTable, groups, labels_now
from m3n_studio.studio.embedding.embedding_work import DEMO, Query, cached, embed_points
from m3n_studio.studio.embedding.point_cloud import Look
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label

NEIGHBOURS = 12
_SOON_MS = 250
_ROW = Qt.ItemDataRole.UserRole
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


@dataclass(frozen=True, eq=False)
class _Said:
    """What points are called by now."""

    table: PointTable
    labels: NDArray[np.str_]
    predicted: NDArray[np.str_]
    titles: dict[str, str]
    groups: Groups
    by: str


class EmbeddingView(EmbeddingPanel):
    """The points of a model."""

    def __init__(self, context: ViewContext, desk: Desk, moments: Moments, runs: RunShelf) -> None:
        super().__init__(context.theme)
        self.context, self.desk, self.moments, self.runs = context, desk, moments, runs
        self._theme = context.theme
        self.table: PointTable | None = None
        self.said: _Said | None = None
        self.trust: dict[str, Trust | None] = {}
        self.flats: dict[str, NDArray[np.float32]] = {}
        self.shown_method, self._share = "", 0.0
        self.near_of: tuple[int, NDArray[np.int64]] = (-1, np.zeros(0, dtype=np.int64))
        self.job: Job | None = None
        self._project: object = None
        self._folder, self._motion_name = "", "demo"
        self.picks = Picks(desk, moments, self)
        self.visitor = Visitor(context, desk, self)
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self._recolor)
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

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.cloud.set_theme(theme)
        self._show_groups()

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
        for widget in (self.layout_box, self.color_box, self.density, self.fit, *self.tools.values()):
            widget.setEnabled(there)
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

    def _start(self, words: str, work: Any, done: Any) -> None:
        self.busy_words.setText(f"{words} …")
        self.bar.setValue(0)
        self.busy.show()
        self.job = self.context.jobs.run(words, work, done=done, failed=self._on_failed, key="embedding")
        self.job.progressed.connect(self._on_progress)

    @Slot(float)
    def _on_progress(self, share: float) -> None:
        self.bar.setValue(round(1000 * share))

    @Slot()
    def stop(self) -> None:
        """Stop what is being worked out."""
        if self.job is not None:
            self.job.cancel()
            self.job = None
            at = self.layout_box.findData(self.shown_method)
            self.layout_box.setCurrentIndex(max(at, 0))
        self.busy.hide()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.stop()
        self._say(str(error))

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.setVisible(bool(words))

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

    # ------------------------------------------------------------------ the picture

    @Slot()
    def _on_layout(self, *_: object) -> None:
        """Go over to another projection, worked out where it has not been."""
        method, table = str(self.layout_box.currentData()), self.table
        if table is None or method == self.shown_method:
            return
        if method in self.flats:
            self._go_over(method)
            return

        def work(task: Task) -> tuple[PointTable, str, NDArray[np.float32]]:
            told = project(table.vector, method, progress=lambda s: task.progress(s, 1.0), cancelled=task.cancelled)
            return table, method, told

        self._start(TITLES[method], work, self._on_laid_out)

    @Slot(object)
    def _on_laid_out(self, made: tuple[PointTable, str, NDArray[np.float32]]) -> None:
        self.busy.hide()
        self.job = None
        table, method, flat = made
        if table is self.table:
            self.flats[method] = flat
            self._go_over(method)

    def _go_over(self, method: str) -> None:
        self.shown_method = method
        self.cloud.set_points(self.flats[method], self.cloud.look, smoothly=True)
        self._judge(method)

    def _judge(self, method: str) -> None:
        """Say how far the picture can be trusted."""
        self._tell_trust()
        table, flat = self.table, self.flats.get(method)
        if table is None or flat is None or method in self.trust:
            return

        def work(task: Task) -> tuple[PointTable, str, Trust | None]:
            return table, method, trust(table.vector, flat)

        self.context.jobs.run("Judging the picture", work, done=self._on_judged, key="embedding.trust", quiet=True)

    @Slot(object)
    def _on_judged(self, found: tuple[PointTable, str, Trust | None]) -> None:
        if found[0] is self.table:
            self.trust[found[1]] = found[2]
            self._tell_trust()

    def _tell_trust(self) -> None:
        if self.table is None:
            return
        parts = [self.table.about, TITLES[self.shown_method]]
        if self.shown_method == "pca":
            parts[-1] += f" with {self._share:.0%} of the variance"
        found = self.trust.get(self.shown_method)
        if found is not None:
            sampled = f" ({found.points} points sampled)" if found.points < len(self.table) else ""
            parts.append(f"trustworthiness {found.trustworthiness:.2f}, continuity {found.continuity:.2f}{sampled}")
        self._say(" · ".join([*parts, *self.table.notes]))

    @Slot()
    def _on_hidden(self) -> None:
        self._show_groups(keep_legend=True)

    def _on_tool(self, name: str, on: bool) -> None:
        if on:
            self.cloud.tool = name

    # ------------------------------------------------------------------ colours

    @Slot()
    def _on_written(self, *_: object) -> None:
        if self.table is not None:
            self._soon.start()

    @Slot()
    def _on_tiers(self) -> None:
        now, tier = self.class_box.currentData(), self.desk.tier
        self.class_box.clear()
        for c in () if tier is None or tier.kind != "interval" else tier.classes:
            self.class_box.addItem(mark_icon(c.color, "disc", self._theme.panel), c.name, c.id)
        self.class_box.setCurrentIndex(max(self.class_box.findData(now), 0) if self.class_box.count() else -1)
        self._on_written()

    @Slot()
    def _recolor(self, *_: object) -> None:
        """Read labels and predictions anew, and group the points."""
        table, project, by = self.table, self.desk.project, str(self.color_box.currentData())
        if table is None or project is None:
            return
        tier, book = self.desk.tier, self.context.predictions
        colors = {} if tier is None else {c.name: c.color for c in tier.classes}
        sessions, subjects = project.sessions(), {s.id: s.name for s in project.subjects()}
        titles = {s.id: f"{subjects[s.subject]}/{s.name}" if s.subject in subjects else s.name for s in sessions}
        model = book.models[0] if book is not None and book.models else ""
        shown = {s: f for s in titles if book is not None and model and (f := book.found(s, model)) is not None}
        chosen = self.space.currentData()
        run = chosen[0] if chosen is not None and chosen[1] else model

        def work(task: Task) -> _Said:
            wanted = [str(s) for s in np.unique(table.session[table.modality == REAL])]
            labels = labels_now(table, tier, {s: project.annotations(s) for s in wanted})
            predicted = predicted_words(table, run, titles, shown)
            return _Said(table, labels, predicted, titles, groups(table, by, labels, predicted, colors, titles), by)

        self.context.jobs.run("Colouring points", work, done=self._on_said, failed=self._on_failed,
                              key="embedding.colors", quiet=True)  # fmt: skip

    @Slot(object)
    def _on_said(self, said: _Said) -> None:
        if said.table is self.table:
            self.said = said
            self._show_groups()

    def _show_groups(self, *, keep_legend: bool = False) -> None:
        said = self.said
        if said is None or self.table is None:
            return
        colors = tuple(c or self._theme.muted for c in said.groups.colors)
        if not keep_legend:
            self.legend.set_groups(said.groups, colors, self._theme, shapes=said.by == "modality")
        self.cloud.set_look(Look(said.groups.code, self.table.modality, colors, self.legend.hidden(said.groups)))
        if said.by == "error" and not (said.predicted != "").any():
            self.legend.setToolTip("No model says anything of these windows: choose a finetuned model, or show one's"
                                   " predictions in the Predictions view")  # fmt: skip

    # ------------------------------------------------------------------ points one by one

    def words_of(self, row: int, *, lines: bool = False) -> str:
        """What a point is."""
        table, said = self.table, self.said
        if table is None:
            return ""
        kind = int(table.modality[row])
        end = float(table.start_s[row]) + table.length_s
        name = str(table.name[row])
        parts = [] if kind == REAL and not lines else [MODALITIES[kind]]
        if said is not None and said.labels[row]:
            parts.insert(0, str(said.labels[row]))
        if kind == REAL:
            name = said.titles.get(str(table.session[row]), name) if said is not None else name
        if name and kind < len(MODALITIES) - 1:
            parts.append(f"{name} at {float(table.start_s[row]):.2f}–{end:.2f} s")
        else:
            parts.append(f"“{name}”")
        if table.placement[row]:
            parts.append(str(table.placement[row]).replace("_", " "))
        if said is not None and said.predicted[row]:
            parts.append(f"the model says {said.predicted[row]}")
        if table.expert[row] >= 0:
            parts.append(f"expert {int(table.expert[row]) + 1}")
        return ("\n" if lines else " · ").join(parts)

    @Slot(int)
    def _on_hovered(self, row: int) -> None:
        table = self.table
        if row < 0 or table is None:
            return

        def work(task: Task) -> tuple[PointTable, int, NDArray[np.int64], NDArray[np.float32]]:
            return table, row, *nearest(table.vector, row, 1)

        self.context.jobs.run("Neighbour", work, done=self._on_hover_near, key="embedding.hover", quiet=True)

    @Slot(object)
    def _on_hover_near(self, found: Any) -> None:
        table, row, near, alike = found
        if table is self.table:
            most = f"\nnearest ({alike[0]:.3f}): {self.words_of(int(near[0]))}" if len(near) else ""
            self.cloud.set_tip(row, self.words_of(row, lines=True) + most)

    @Slot(int)
    def look_at(self, row: int) -> None:
        """Make a point the current one, and list its neighbours in the full space."""
        table = self.table
        if table is None or not 0 <= row < len(table):
            return
        self.cloud.set_current(row)
        self.point_words.setText(self.words_of(row, lines=True))
        self.open_motion.setVisible(bool(table.modality[row] != REAL) and str(table.name[row]) in table.paths)

        def work(task: Task) -> tuple[PointTable, int, NDArray[np.int64], NDArray[np.float32]]:
            return table, row, *nearest(table.vector, row, NEIGHBOURS)

        self.context.jobs.run("Neighbours", work, done=self._on_neighbours, key="embedding.near", quiet=True)

    @Slot(object)
    def _on_neighbours(self, found: Any) -> None:
        table, row, near, alike = found
        if table is not self.table or row != self.cloud.current:
            return
        self.near_of = row, near
        self.cloud.set_current(row, near)
        self.near.clear()
        for other, much in zip(near.tolist(), alike.tolist(), strict=True):
            item = QListWidgetItem(f"{much:.3f}  {self.words_of(other)}")
            item.setData(_ROW, other)
            item.setToolTip(f"cosine similarity {much:.4f}\n{self.words_of(other, lines=True)}")
            self.near.addItem(item)

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
        row = int(item.data(_ROW))
        self.picks.pick(np.array([row]))
        self.visit(row)

    @Slot(QListWidgetItem)
    def _on_walk(self, item: QListWidgetItem) -> None:
        self._on_clicked(int(item.data(_ROW)), False)

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
    table = embed_points(project, query, task)
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
