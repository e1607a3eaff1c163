"""The Predictions view: what models say of the session on the desk, over time and by class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QFrame,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.predictions import PredictionBook
from m3n_studio.studio.core.run_shelf import RunShelf
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, push_button
from m3n_studio.studio.predictions.bands import Labels, colors_of, disputes, labels_of
from m3n_studio.studio.predictions.expert_table import ExpertTable
from m3n_studio.studio.predictions.gate_rows import experts_of
from m3n_studio.studio.predictions.model_picker import usable
from m3n_studio.studio.predictions.prediction_strip import PredictionStrip
from m3n_studio.studio.predictions.prediction_tools import PredictionTools
from m3n_studio.studio.predictions.predictor import Predictor
from m3n_studio.studio.predictions.reading import Reading, tooltip
from m3n_studio.studio.predictions.strip_paint import Group
from m3n_studio.studio.predictions.tier_writer import make_tier, tier_name

if TYPE_CHECKING:
    from m3n_studio.learning.moments_predicted import Explained

TRAIN_DOCK = "dock:training"
#: How long a sentence about what was done stays, ms.
SAID_MS = 6000
NO_PROJECT = (
    "No project is open.\n\nOpen a project with labelled sessions (File › Open project…) and train a model on"
    " it: what it says of every moment appears here."
)
NO_SESSION = "No session is open.\n\nDouble-click a session in the Project view: what models say of it appears here."
NO_RUN = (
    "This project has no finetuned model yet.\n\nLabel some sessions, then train: from the Train view, or with"
    " m3n-studio finetune into the project's folder “runs”."
)


class PredictionsView(QWidget):
    """Rows of models with their tools."""

    def __init__(self, context: ViewContext, desk: Desk, runs: RunShelf, book: PredictionBook) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.desk, self.runs, self.book = desk, runs, book
        self._clock, self._selection, self._jobs, self._report = (
            context.clock, context.selection, context.jobs, context.report)  # fmt: skip
        self.predictor = Predictor(desk, context.clock, runs, book, context.jobs, self)
        self.fold = 0
        self._chosen_in = ""
        self._released = False
        self._labels: dict[tuple[int, tuple[str, ...]], tuple[object, Labels]] = {}
        self._fill = QTimer(self, singleShot=True, interval=40)
        self._fill.timeout.connect(self._refill)
        self._said = QTimer(self, singleShot=True, interval=SAID_MS)
        self._said.timeout.connect(self._soon)
        self._build(context.theme)
        self._connect()
        self._add_actions(context)
        self._on_situation()

    def _build(self, theme: Theme) -> None:
        self.tools = PredictionTools()
        self.notice = label(style="muted", accessible="Why there is no prediction")
        self.notice.setWordWrap(True)
        self.strip = PredictionStrip(theme)
        self.strip.plot_edges = lambda: self._selection.plot_edges()
        self._selection.strip_edges = self.strip.edges_on_screen
        self.strip.describe = lambda row, time_s: tooltip(self.strip.groups, row, time_s)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.strip)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table = ExpertTable(theme)
        self.over = QStackedWidget()
        self.over.addWidget(scroll)
        self.over.addWidget(self.table)
        self.reading = Reading(theme)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(10, 8, 10, 6)
        layout.setSpacing(6)
        layout.addWidget(self.tools)
        layout.addWidget(self.notice)
        layout.addWidget(self.over, 1)
        layout.addWidget(self.reading)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._build_hint())
        self.pages.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 1, 1, 1)
        whole.addWidget(self.pages)

    def _build_hint(self) -> QWidget:
        page = QWidget()
        self.hint = label(style="muted")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.train = push_button("Train…", tip="Open the Train view", style="primary")
        self.train.clicked.connect(self._on_train)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(24, 8, 24, 8)
        layout.addStretch(1)
        layout.addWidget(self.hint)
        layout.addWidget(self.train, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        return page

    def _connect(self) -> None:
        desk, strip, clock = self.desk, self.strip, self._clock
        for signal in (desk.session_changed, desk.project_changed, self.runs.changed, self.book.models_changed):
            signal.connect(self._on_situation)
        for signal in (desk.tiers_changed, desk.labels_changed, self.predictor.changed, self.book.changed):
            signal.connect(self._soon)
        clock.time_changed.connect(self._on_time)
        clock.range_changed.connect(self._on_range)
        self._selection.visible_changed.connect(self._on_visible)
        self._selection.axis_moved.connect(strip.update)
        strip.moved.connect(self._selection.axis_moved)
        strip.sought.connect(clock.seek)
        strip.zoomed.connect(self._look)
        tools = self.tools
        tools.picker.chosen.connect(self._on_chosen)
        tools.fold.activated.connect(self._on_fold)
        tools.gates.toggled.connect(self._refill)
        tools.experts.toggled.connect(self._on_experts)
        tools.paused.connect(self.predictor.set_paused)
        tools.export.triggered.connect(self.ask_export)

    def _add_actions(self, context: ViewContext) -> None:
        self.make = context.add_action(
            ActionSpec("predictions.make_tier", "Make a &tier of the prediction", "&Label", needs="labelling",
                       tip="Put the first model's stretches on a tier of their own, in place of those it put there"
                       " before"), self.make_tier)  # fmt: skip
        for name, text, key, on in (
            ("next", "Next disa&greement with the model", "Alt+PgDown", 1),
            ("previous", "Previous disag&reement with the model", "Alt+PgUp", -1),
        ):
            context.add_action(
                ActionSpec(f"predictions.{name}", text, "&Label", (key,), needs="session",
                           tip="Go to where the model says another class than the labels"),
                (self.to_next if on > 0 else self.to_previous))  # fmt: skip
        self.tools.menu.insertAction(self.tools.export, self.make)

    # ------------------------------------------------------------------ what is shown

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for part in (self.strip, self.table, self.reading):
            part.set_theme(theme)

    def release(self) -> None:
        """Stop computing: the window closes."""
        self._released = True
        self.predictor.release()
        self._fill.stop()
        self._said.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up."""
        super().showEvent(event)
        self._on_situation()

    @Slot()
    def _on_situation(self) -> None:
        """Project, session, runs or models are others."""
        if self._released:
            return
        entries = usable(self.runs.entries)
        self._choose_first(entries)
        self.tools.picker.set_runs(entries, self.book.models)
        words = ""
        if self.desk.project is None:
            words = NO_PROJECT
        elif self.desk.session is None:
            words = NO_SESSION
        elif not entries:
            words = NO_RUN
        self.hint.setText(words)
        self.train.setVisible(words == NO_RUN and self._train_dock() is not None)
        self.pages.setCurrentIndex(0 if words else 1)
        if not words and self.desk.session is not None:
            for run in self.book.models:
                self.book.want(self.desk.session.id, run)
        self._on_visible(self._selection.visible)
        self._soon()

    def _choose_first(self, entries: tuple[Any, ...]) -> None:
        """The newest model is shown until the user chooses."""
        folder = "" if self.desk.project is None else str(self.desk.project.folder)
        known = {e.path for e in entries}
        if any(m not in known for m in self.book.models):
            self.book.show(tuple(m for m in self.book.models if m in known))
        if self.book.models or not entries or folder == self._chosen_in:
            return
        best = next((e for e in entries if e.status == "finished"), entries[0])
        self.book.show((best.path,))

    @Slot()
    def _soon(self, *_: object) -> None:
        if not self._fill.isActive() and not self._released:
            self._fill.start()

    @Slot()
    def _refill(self, *_: object) -> None:
        """Show what is known by now."""
        session = self.desk.session
        groups = () if session is None else tuple(self._group(session.id, run) for run in self.book.models)
        first = next((g for g in groups if experts_of(g.found)), None)
        folds = 0 if first is None or first.found is None else len(first.found.mean_gates)
        self.tools.set_folds(folds, self.fold)
        self.tools.gates.setEnabled(first is not None)
        self.strip.set_groups(groups, gates=self.tools.gates.isChecked())
        self.reading.show_at(groups, self._clock.time_s)
        self.reading.setVisible(bool(groups))
        if self.tools.experts.isChecked():
            self.table.show_group(first or next(iter(groups), None))
        self._tell(groups)

    def _group(self, session: str, run: str) -> Group:
        entry, found = self.runs.entry(run), self.found(session, run)
        standing = self.predictor.standing(session, run)
        classes = found.classes if found is not None else () if entry is None else entry.classes
        about = [standing.error or standing.what or "opening the model"]
        if standing.lacking:
            about.append(f"without {', '.join(standing.lacking)}")
        if standing.busy and not standing.error:
            about.append("paused" if self.predictor.paused else f"{100 * standing.share:.0f} % predicted")
        name = Path(run).name if entry is None else entry.name
        return Group(name, " · ".join(about), found, self._labels_of(classes), colors_of(classes, self._tiers()),
                     self.fold)  # fmt: skip

    def found(self, session: str, run: str) -> Explained | None:
        """What is known of a session with a run, where its experts are known too."""
        found = self.book.found(session, run)
        return found if hasattr(found, "mean_gates") else None  # type: ignore[return-value]

    def _tiers(self) -> tuple[Any, ...]:
        tier = self.desk.tier
        return (tier, *self.desk.tiers) if tier is not None else self.desk.tiers

    def _labels_of(self, classes: tuple[str, ...]) -> Labels:
        track = self.desk.track
        key = (0, classes)
        kept = self._labels.get(key)
        if kept is None or kept[0] is not track:
            self._labels = {k: v for k, v in self._labels.items() if v[0] is track}
            kept = self._labels[key] = (track, labels_of(track, classes))
        return kept[1]

    def _tell(self, groups: tuple[Group, ...]) -> None:
        session = self.desk.session
        all_of = [] if session is None else [self.predictor.standing(session.id, r) for r in self.book.models]
        busy = any(s.busy and not s.error for s in all_of)
        share = sum(s.share for s in all_of) / max(len(all_of), 1)
        words = f"{'Paused' if self.predictor.paused else 'Predicting'}: {100 * share:.0f} %, around the cursor first"
        if not self._said.isActive():
            self.tools.tell(share, words, busy=busy)
        errors = [f"{g.name}: {s.error}" for g, s in zip(groups, all_of, strict=True) if s.error]
        self.notice.setText("\n".join(errors) if groups else "Choose a model to see what it says.")
        self.notice.setVisible(bool(errors) or not groups)
        self.over.setVisible(bool(groups))
        whole = bool(all_of) and all_of[0].share >= 1.0 and not all_of[0].busy
        self.tools.export.setEnabled(whole)
        tip = "As m3n-studio predict writes it: .npz or .h5" if whole else "When all of the session is predicted"
        self.tools.export.setToolTip(tip)

    @Slot(float)
    def _on_time(self, time_s: float) -> None:
        self.strip.set_time(time_s)
        if self.isVisible():
            self.reading.show_at(self.strip.groups, time_s)

    def _limits(self) -> tuple[float, float]:
        return self._clock.start_s, max(self._clock.end_s, self._clock.start_s + 1e-3)

    @Slot(object)
    def _on_visible(self, span: object) -> None:
        limits = self._limits()
        low, high = span if isinstance(span, tuple) else limits
        self.strip.set_view((max(low, limits[0]), min(high, limits[1])), limits)

    @Slot(float, float)
    def _on_range(self, _start_s: float, _end_s: float) -> None:
        self._on_visible(self._selection.visible)
        self._on_time(self._clock.time_s)

    @Slot(object)
    def _look(self, span: tuple[float, float]) -> None:
        if self._selection.visible is None:
            self.strip.set_view(span, self._limits())
        else:
            self._selection.set_visible(span)

    # ------------------------------------------------------------------ what one does

    @Slot(object)
    def _on_chosen(self, models: tuple[str, ...]) -> None:
        self._chosen_in = "" if self.desk.project is None else str(self.desk.project.folder)
        self.book.show(models)

    @Slot()
    def _on_fold(self) -> None:
        self.fold = int(self.tools.fold.currentData())
        self._refill()

    @Slot(bool)
    def _on_experts(self, on: bool) -> None:
        self.over.setCurrentIndex(1 if on else 0)
        self._refill()

    def _train_dock(self) -> QDockWidget | None:
        top: QWidget = self
        while isinstance(parent := top.parentWidget(), QWidget):
            top = parent
        return top.findChild(QDockWidget, TRAIN_DOCK)

    @Slot()
    def _on_train(self) -> None:
        dock = self._train_dock()
        if dock is not None:
            dock.show()
            dock.raise_()

    def _first(self) -> tuple[str, str, Explained] | None:
        """Session, name of the run and prediction of the model that counts."""
        session, models = self.desk.session, self.book.models
        found = None if session is None or not models else self.found(session.id, models[0])
        if session is None or found is None:
            return None
        entry = self.runs.entry(models[0])
        return session.id, Path(models[0]).name if entry is None else entry.name, found

    @Slot()
    def make_tier(self) -> None:
        """Put the first model's stretches on a tier."""
        first = self._first()
        if first is None:
            self._report("Nothing is predicted yet: open the Predictions view and choose a model.")
            return
        session, run, found = first
        standing = self.predictor.standing(session, self.book.models[0])
        count = make_tier(self.desk, session, run, found)
        if count is not None:
            so_far = "" if standing.share >= 1.0 else f" of the {100 * standing.share:.0f} % predicted so far"
            self.tools.tell(standing.share, f"Tier “{tier_name(run)}”: {count} stretches{so_far}. Undo takes it back.",
                            busy=True)  # fmt: skip
            self._said.start()

    @Slot()
    def to_next(self) -> None:
        """Go to the next stretch where the model and the labels differ."""
        self._to(1)

    @Slot()
    def to_previous(self) -> None:
        """Go to the one before."""
        self._to(-1)

    def _to(self, by: int) -> None:
        first = self._first()
        spans = [] if first is None else disputes(first[2], self._labels_of(first[2].classes))
        now = self._clock.time_s
        after = [s for s in spans if (s[0] > now + 1e-3 if by > 0 else s[0] < now - 1e-3)]
        if not after:
            words = "No disagreement with the labels" if not spans else "No further disagreement in this direction"
            self._report(f"{words}, as far as it is predicted.")
            return
        start, end = after[0 if by > 0 else -1]
        self._clock.pause()
        self._clock.seek(start)
        visible = self._selection.visible
        if visible is not None and not visible[0] <= start <= visible[1]:
            width = max(visible[1] - visible[0], 1.25 * (end - start))
            low = min(max(start - width / 3, self._clock.start_s), max(self._clock.end_s - width, self._clock.start_s))
            self._selection.set_visible((low, low + width))

    @Slot()
    def ask_export(self) -> None:
        """Ask where the first model's prediction is to be written."""
        first = self._first()
        if first is None:
            return
        path, _ = QFileDialog.getSaveFileName(self.window(), "Export the prediction", f"{first[1]}.npz",
                                              "NumPy (*.npz);;HDF5 (*.h5 *.hdf5)")  # fmt: skip
        if path:
            self.export(path)

    def export(self, path: str) -> None:
        """Write the first model's prediction, as the command line does."""
        first = self._first()
        if first is None:
            return
        found, run = first[2], self.book.models[0]

        def write(_task: object) -> None:
            from m3n_studio.learning.predict import write_predicted

            write_predicted(path, found, run=run)

        self._jobs.run(f"Writing {Path(path).name}", write, failed=self._on_not_written)

    @Slot(object)
    def _on_not_written(self, error: Exception) -> None:
        self._report(str(error))


def build(context: ViewContext) -> QWidget:
    """The Predictions dock."""
    if context.desk is None or context.runs is None or context.predictions is None:
        return label("Predictions need a window with a project.", style="muted")
    return PredictionsView(context, context.desk, context.runs, context.predictions)
