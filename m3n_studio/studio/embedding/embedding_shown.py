"""What of the points is shown: their picture and how far it can be trusted, their colours, one point and its like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QListWidgetItem

from m3n_studio.learning.projection import TITLES, Trust, laid_out, nearest, project, trust
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Job, Task
from m3n_studio.studio.embedding.embedding_legend import HELP, mark_icon
from m3n_studio.studio.embedding.embedding_panel import EmbeddingPanel
from m3n_studio.studio.embedding.embedding_said import predicted_words
from m3n_studio.studio.embedding.embedding_table import MODALITIES, REAL, TEXT, Groups, PointTable, groups, labels_now
from m3n_studio.studio.embedding.point_picture import Look
from m3n_studio.studio.look.theme import Theme

NEIGHBOURS = 12
_SOON_MS = 250
_SILENT = (
    "No model says anything of these windows: choose a finetuned model, or show one's predictions in the Predictions"
    " view"
)
ROW = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, eq=False)
class Said:
    """What points are called by now."""

    table: PointTable
    labels: NDArray[np.str_]
    predicted: NDArray[np.str_]
    titles: dict[str, str]
    groups: Groups
    by: str


class ShownPoints(EmbeddingPanel):
    """A table of points as a picture with colours, neighbours and words."""

    def __init__(self, context: ViewContext, desk: Desk) -> None:
        super().__init__(context.theme)
        self.context, self.desk = context, desk
        self._theme = context.theme
        self.table: PointTable | None = None
        self.said: Said | None = None
        self.trust: dict[str, Trust | None] = {}
        self.flats: dict[str, NDArray[np.float32]] = {}
        self.shown_method, self._share = "", 0.0
        self.near_of: tuple[int, NDArray[np.int64]] = (-1, np.zeros(0, dtype=np.int64))
        self.job: Job | None = None
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self._recolor)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.cloud.set_theme(theme)
        self._show_groups()

    # ------------------------------------------------------------------ work

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

        few = laid_out(method, len(table))
        sampled = f" of {few:,} of the {len(table):,} points; the others go to their like" * (few < len(table))
        self._start(f"{TITLES[method]}{sampled}", work, self._on_laid_out)

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
        few = laid_out(self.shown_method, len(self.table))
        if few < len(self.table):
            parts[-1] += f" of a sample of {few:,}, the others placed with their like"
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
        if self.table is not None and not self._soon.isActive():
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

        def work(task: Task) -> Said:
            wanted = [str(s) for s in np.unique(table.session[table.modality == REAL])]
            labels = labels_now(table, tier, {s: project.annotations(s) for s in wanted})
            predicted = predicted_words(table, run, titles, shown)
            return Said(table, labels, predicted, titles, groups(table, by, labels, predicted, colors, titles), by)

        self.context.jobs.run("Colouring points", work, done=self._on_said, failed=self._on_failed,
                              key="embedding.colors", quiet=True)  # fmt: skip

    @Slot(object)
    def _on_said(self, said: Said) -> None:
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
        silent = said.by == "error" and not (said.predicted != "").any()
        self.legend.setToolTip(_SILENT if silent else HELP)

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
        if kind != TEXT:
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
            item.setData(ROW, other)
            item.setToolTip(f"cosine similarity {much:.4f}\n{self.words_of(other, lines=True)}")
            self.near.addItem(item)
