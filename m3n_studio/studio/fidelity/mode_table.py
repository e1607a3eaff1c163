"""Ways to simulate, side by side, held against the same recording; the best of each column in bold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from m3n_studio.studio.core.derived import recording_of
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import Document, set_mode
from m3n_studio.studio.core.jobs import Job, Task
from m3n_studio.studio.fidelity.fidelity_table import FigureTable, figure
from m3n_studio.studio.fidelity.fidelity_work import FidelityWork, Options
from m3n_studio.studio.look.widgets import label, named, push_button

if TYPE_CHECKING:
    from m3n_studio.imu.align import Alignment
    from m3n_studio.imu.mode_compare import ModeRow
    from m3n_studio.recordings.signal import Signal

_KEPT = 8
_TITLES = ("mode", "r acc", "RMSE acc", "MSE ‖a‖", "r gyr", "RMSE gyr", "MSE ‖ω‖")
_TIPS = (
    "How the signals are simulated; ● is shown in the traces", "Mean correlation of acceleration over x, y, z",
    "Root mean square error of acceleration over x, y, z, m/s²", "The paper's error of ‖a‖, normalised as chosen",
    "Mean correlation of angular velocity over x, y, z", "Root mean square error of angular velocity, rad/s",
    "The paper's error of ‖ω‖, normalised as chosen",
)  # fmt: skip
_NAMES = {
    "exact": "Exact (ours)", "transpose": "TransPose", "transpose_global": "TransPose, world frame",
    "imusim": "IMUSim", "imusim_ideal": "IMUSim, ideal device", "wimusim": "WIMUSim", "quantile": "Exact + quantiles",
}  # fmt: skip


class ModeTable(QWidget):
    """The comparison of modes, made on demand and kept per document."""

    def __init__(self, context: ViewContext, work: FidelityWork) -> None:
        super().__init__()
        self._context, self.work = context, work
        self._cache: dict[tuple[object, ...], tuple[ModeRow, ...]] = {}
        self._job: Job | None = None
        self.hint = label(style="muted")
        self.hint.setWordWrap(True)
        self.compare = push_button("Compare modes", tip="Simulate in every mode and judge each", style="primary")
        self.stop = push_button("Stop", tip="Stop comparing")
        self.use = push_button("Show in traces", tip="Simulate the traces in the mode that is chosen")
        self.progress = named(QProgressBar(), accessible="Comparing modes")
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.table = FigureTable(list(_TITLES), "Modes")
        for j, tip in enumerate(_TIPS):
            self.table.tell(-1, j, tip)
        row = QHBoxLayout()
        row.setSpacing(6)
        for widget in (self.compare, self.stop, self.use):
            row.addWidget(widget)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        for part in (self.hint, self.table, self.progress):
            layout.addWidget(part)
        layout.addLayout(row)
        layout.addStretch(1)
        self.compare.clicked.connect(self.run)
        self.stop.clicked.connect(self._on_stop)
        self.use.clicked.connect(self._on_use)
        self.table.itemSelectionChanged.connect(self._show_buttons)
        self.table.cellDoubleClicked.connect(self._on_use)
        work.pair_changed.connect(self._show)
        work.found.connect(self._show)
        self._show()

    @property
    def rows(self) -> tuple[ModeRow, ...]:
        """All rows for the document as it is now; empty where it has not been compared."""
        return self._cache.get(self._key(), ())

    @property
    def shown(self) -> tuple[ModeRow, ...]:
        """Those of the sensor looked at."""
        return tuple(row for row in self.rows if row.sensor == self.work.sensor)

    def _real(self) -> dict[str, tuple[Signal, Alignment]]:
        """Recording and alignment in use by sensor."""
        contents, out = self.work.contents, {}
        for sensor, judged in contents.judged.items():
            recording = recording_of(contents.document, sensor)
            if recording is not None:
                alignment = contents.document.alignments.get(sensor, judged.alignment)
                out[sensor] = (recording, alignment)
        return out

    def _key(self) -> tuple[object, ...]:
        d = self.work.contents.document
        real = tuple((name, *pair) for name, pair in self._real().items())
        return (d.clip, d.model, d.placements, d.shape, d.bandwidth_hz, real, self.work.options)

    @Slot()
    def run(self) -> None:
        """Compare, in the background."""
        document, real, options, key = self.work.contents.document, self._real(), self.work.options, self._key()
        if document.clip is None or not real:
            return
        job = self._job = self._context.jobs.run(
            "Comparing modes", lambda task: (key, compared(document, real, options, task)), done=self._on_done,
            failed=self._on_failed, key="modes",
        )  # fmt: skip
        job.progressed.connect(self._on_progress)
        job.ended.connect(self._on_ended)
        self.progress.setValue(0)
        self._show_buttons()

    @Slot(object)
    def _on_done(self, result: tuple[tuple[object, ...], tuple[ModeRow, ...]]) -> None:
        key, rows = result
        self._cache[key] = rows
        while len(self._cache) > _KEPT:
            del self._cache[next(iter(self._cache))]
        self._show()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._context.report(str(error))

    @Slot(float)
    def _on_progress(self, share: float) -> None:
        self.progress.setValue(round(1000 * share))

    @Slot(object)
    def _on_ended(self, job: object) -> None:
        if job is self._job:
            self._job = None
            self._show_buttons()

    @Slot()
    def _on_stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    @Slot()
    def _on_use(self) -> None:
        mode = self._chosen()
        if mode:
            self._context.edit(set_mode(mode))

    def _chosen(self) -> str:
        """The mode of the row that is chosen; empty for none, and for quantile mapping, which is no mode."""
        from m3n_studio.imu.mode_compare import QUANTILE

        row, shown = self.table.currentRow(), self.shown
        mode = shown[row].mode if 0 <= row < len(shown) else ""
        return "" if mode == QUANTILE or (0 <= row < len(shown) and shown[row].problem) else mode

    @Slot()
    def _show_buttons(self) -> None:
        running = self._job is not None
        self.progress.setVisible(running)
        self.stop.setVisible(running)
        self.compare.setEnabled(not running and bool(self._real()) and not self.rows)
        mode = self._chosen()
        self.use.setEnabled(bool(mode) and mode != self.work.contents.document.mode)

    @Slot()
    def _show(self) -> None:
        from m3n_studio.imu.mode_compare import MEASURES, best

        shown, now = self.shown, self.work.contents.document.mode
        chosen = self.table.currentRow()
        self.table.setVisible(bool(shown))
        winners = best(shown)
        lines = []
        for row in shown:
            name = _NAMES.get(row.mode, row.mode) + ("  ●" if row.mode == now else "")
            lines.append([name, *(figure(row.values.get(m.name), 4) for m in MEASURES)])
        self.table.set_rows(lines)
        for i, row in enumerate(shown):
            self.table.tell(i, 0, row.problem or row.title)
            for j, measure in enumerate(MEASURES):
                if winners.get(measure.name) == row.mode:
                    self.table.mark(i, j + 1, "The best of this column")
        if 0 <= chosen < len(shown):
            self.table.selectRow(chosen)
        self.table.fit_height()
        self.hint.setText(
            "Every mode is held against this recording with the alignment in use; the best of a column is bold."
            if shown else "How would other simulators do on this recording? All of them use the alignment in use."
        )  # fmt: skip
        self._show_buttons()


def compared(
    document: Document, real: dict[str, tuple[Signal, Alignment]], options: Options, task: Task
) -> tuple[ModeRow, ...]:
    """The comparison, in a job."""
    from m3n_studio.imu.mode_compare import compare_modes
    from m3n_studio.imu.settings import Settings

    def progress(done: int, total: int) -> None:
        task.check()
        task.progress(done, total)

    if document.model is None or document.clip is None:
        return ()
    return compare_modes(
        document.model, document.clip, document.placements, real, shape=document.shape,
        settings=Settings(bandwidth_hz=document.bandwidth_hz), lowpass_hz=options.lowpass_hz,
        normalise=options.normalise, progress=progress,
    )  # fmt: skip
