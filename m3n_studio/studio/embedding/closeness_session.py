"""The second page of closeness: the motion of the session, simulated, against its recording, moment by moment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from m3n_studio.recordings import signal as recorded
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.going import Goer
from m3n_studio.studio.embedding import closeness_pair as work
from m3n_studio.studio.embedding.closeness_bodies import _refill
from m3n_studio.studio.embedding.closeness_plot import PointsPlot
from m3n_studio.studio.embedding.closeness_tracks import TimeTracks
from m3n_studio.studio.embedding.similarity_busy import BusyRow
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, push_button

KEY = "closeness session"
BEGIN = "How alike are the simulation and its recording to a model? Choose a run and press Compare."
NO_PAIR = ("Open a session with a motion and a recording at the same placement: here the simulation of the one is held"
           " against the other.")  # fmt: skip
NO_RUN = "There is no finished run yet. Pretrain or finetune in the Train view first."


class SessionPage(QWidget):
    """Choice, cosine along time, predictions, embeddings.

    Signals
    -------
    shown : (none)
        Something came out; it is at and below :attr:`first`.
    """

    shown = Signal()

    def __init__(self, context: ViewContext, desk: Desk) -> None:
        super().__init__()
        self._context, self._desk, self._contents = context, desk, Contents()
        self.tracks_found: work.Tracks | None = None
        self.goer = Goer(desk, context.clock, context.selection, self)
        self._build()
        if context.runs is not None:
            context.runs.changed.connect(self._fill)
        desk.session_changed.connect(self._on_session)
        context.clock.time_changed.connect(self.track.set_time)
        self._fill()

    def _build(self) -> None:
        theme = self._context.theme
        self.placement = combo(tip="Whose windows are embedded", accessible="Placement", characters=7)
        self.run = combo(tip="The pretrained run whose embeddings are compared", accessible="Pretrained run",
                         characters=7)  # fmt: skip
        self.model = combo(tip="The finetuned run that predicts both", accessible="Finetuned run", characters=7)
        self.compare = push_button("Compare", tip="Embed and predict both", style="primary")
        self.busy = BusyRow("comparing")
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(5)
        for at, (words, box) in enumerate(
            (("Placement", self.placement), ("Embeddings", self.run), ("Predictions", self.model))
        ):
            name = label(words)
            name.setBuddy(box)
            grid.addWidget(name, at // 2, 2 * (at % 2))
            grid.addWidget(box, at // 2, 2 * (at % 2) + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        last = QHBoxLayout()
        last.setSpacing(6)
        last.addWidget(self.compare)
        last.addWidget(self.busy, 1)
        last.addStretch(1)
        grid.addLayout(last, 1, 2, 1, 2)
        self.words = label(BEGIN, style="muted", accessible="What came out")
        self.words.setWordWrap(True)
        self.track, self.points = TimeTracks(theme), PointsPlot(theme)
        self.points_words = label(style="muted")
        self.points_words.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 8)
        layout.setSpacing(6)
        layout.addLayout(grid)
        for widget in (self.words, self.track, self.points_words, self.points):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.first = self.words
        self.compare.clicked.connect(self.begin)
        self.busy.stopped.connect(self._on_stopped)
        self.track.went.connect(self._on_went)
        self._busy(False)
        self._show_parts()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self.track.set_theme(theme)
        self.points.set_theme(theme)

    def set_contents(self, contents: Contents) -> None:
        """Another body, motion or recording."""
        self._contents = contents
        self._fill()

    @property
    def pairs(self) -> dict[str, tuple[recorded.Signal, recorded.Signal]]:
        """Simulated and real signals of the same placement."""
        return work.paired(self._contents.simulated, self._contents.real)

    @Slot()
    def _fill(self) -> None:
        _refill(self.placement, [(name.replace("_", " "), name) for name in self.pairs])
        runs = () if self._context.runs is None else self._context.runs.entries
        for box, kind in ((self.run, "pretrain"), (self.model, "finetune")):
            first = box.count() < 2
            _refill(box, [("none", ""), *((r.name, r.path) for r in runs if r.kind == kind and r.status == "finished")])
            if first and box.count() > 1:
                box.setCurrentIndex(1)
        has_run = self.run.count() > 1 or self.model.count() > 1
        self.compare.setEnabled(bool(self.pairs) and has_run)
        if self.tracks_found is None and self.busy.job is None:
            self.words.setText(NO_PAIR if not self.pairs else BEGIN if has_run else NO_RUN)

    @Slot()
    def _on_session(self) -> None:
        self.stop()
        self.tracks_found = None
        self._show_parts()
        self._fill()

    # ------------------------------------------------------------------ comparing

    @Slot()
    def begin(self) -> None:
        """Embed and predict in the background."""
        pairs = self.pairs
        placement, run, model = (str(b.currentData() or "") for b in (self.placement, self.run, self.model))
        if not run and not model:
            self.words.setText("Choose a run for embeddings, for predictions, or both.")
            return
        self._busy(True)
        self.words.setText("Comparing simulation and recording …")
        self.busy.follow(self._context.jobs.run(
            "Comparing simulation and recording", lambda task: work.compare_session(pairs, placement, run, model, task),
            done=self._on_done, failed=self._on_failed, key=KEY,
        ))  # fmt: skip

    def _busy(self, on: bool) -> None:
        self.compare.setVisible(not on)

    @Slot()
    def stop(self) -> None:
        """Stop comparing."""
        if self.busy.job is not None:
            self.busy.stop()
            self._on_stopped()

    @Slot()
    def _on_stopped(self) -> None:
        self.words.setText("Stopped.")
        self._busy(False)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._busy(False)
        self.words.setText(f"{str(error)[:1].upper()}{str(error)[1:]}.")

    @Slot(object)
    def _on_done(self, found: work.Tracks) -> None:
        self._busy(False)
        self.tracks_found = found
        self.words.setText(said(found))
        self.track.show_tracks(self._contents.span_s(), found.time_s, found.cosine, self._rows(found))
        self.track.set_time(self._context.clock.time_s)
        self.points.show_points(found.points)
        self.points_words.setText(f"Windows in the two main directions of the embeddings ({found.kept:.0%} of the"
                                  " variance): real and simulated, pairs joined")  # fmt: skip
        self._show_parts()
        self.shown.emit()

    def _rows(self, found: work.Tracks) -> list[tuple[str, list[tuple[float, float, str]]]]:
        if not len(found.moments_s):
            return []
        tier = self._desk.tier
        known = {} if tier is None else {c.name: c.color for c in tier.classes}
        spare = self._context.theme.segments
        colors = [known.get(name, spare[i % len(spare)]) for i, name in enumerate(found.classes)]
        return [(name, stretches(found.moments_s, best, colors))
                for name, best in (("real", found.real), ("simulated", found.simulated))]  # fmt: skip

    def _show_parts(self) -> None:
        found = self.tracks_found
        self.track.setVisible(found is not None)
        for widget in (self.points, self.points_words):
            widget.setVisible(found is not None and found.points.shape[1] > 0)

    @Slot(float)
    def _on_went(self, time_s: float) -> None:
        session = self._desk.session
        if session is not None:
            self.goer.go(session.id, time_s, time_s)
        else:
            self._context.clock.seek(time_s)


def said(found: work.Tracks) -> str:
    """What came out, in a sentence or two."""
    out = []
    if len(found.cosine):
        low = found.time_s[int(np.argmin(found.cosine))]
        other = f" ({found.apart:.3f} between different moments)" if np.isfinite(found.apart) else ""
        out.append(f"Median cosine {np.median(found.cosine):.3f}{other} over {len(found.cosine)} windows, least"
                   f" {found.cosine.min():.3f} at {low:.1f} s.")  # fmt: skip
    if found.agreement is not None:
        out.append(f"Both are predicted alike in {found.agreement:.0%} of the time.")
    return " ".join(out)


def stretches(
    time_s: NDArray[np.float64], best: NDArray[np.int64], colors: list[str]
) -> list[tuple[float, float, str]]:
    """Runs of one class as (start, end, colour); what is not known is left out."""
    if len(time_s) < 2:
        return []
    step = float(np.median(np.diff(time_s)))
    edges = np.flatnonzero((np.diff(best) != 0) | (np.diff(time_s) > 1.5 * step)) + 1
    return [
        (float(time_s[a]), float(time_s[b - 1]) + step, colors[int(best[a])])
        for a, b in zip([0, *edges], [*edges, len(best)], strict=True) if best[a] >= 0
    ]  # fmt: skip
