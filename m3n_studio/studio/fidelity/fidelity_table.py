"""How close the pair is: per channel, per band, per window; with choices of filter and normalisation; to copy."""

from __future__ import annotations

import csv
import io

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.fidelity.fidelity_work import FidelityWork, Gathered, Options
from m3n_studio.studio.fidelity.small_plots import HeatStrip
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, push_button

_LOWPASS = (None, 20.0, 12.0, 8.0, 5.0, 3.0)
_TITLES = {
    "zscore": "each by its own mean and spread", "minmax": "each by its own range",
    "zscore-by-real": "both by the real mean and spread", "minmax-by-real": "both by the real range",
    "none": "not normalised",
}  # fmt: skip
_SHORT = {"x": "x", "y": "y", "z": "z", "magnitude": "norm"}


class FigureTable(QTableWidget):
    """Read-only figures; Ctrl+C copies the whole table as text with tabs."""

    def __init__(self, titles: list[str], accessible: str) -> None:
        super().__init__(0, len(titles))
        self._titles, self._rows = titles, list[list[str]]()
        named(self, accessible=accessible)
        for j, title in enumerate(titles):
            self.setHorizontalHeaderItem(j, QTableWidgetItem(title))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAlternatingRowColors(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 9)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setHighlightSections(False)

    def set_rows(self, rows: list[list[str]], *, words: tuple[int, ...] = (0,)) -> None:
        """Show rows of text; columns in `words` stand to the left, numbers to the right."""
        self._rows = rows
        self.setRowCount(len(rows))
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                item = QTableWidgetItem(text)
                side = Qt.AlignmentFlag.AlignLeft if j in words else Qt.AlignmentFlag.AlignRight
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(i, j, item)
        for j in range(self.columnCount()):
            side = Qt.AlignmentFlag.AlignLeft if j in words else Qt.AlignmentFlag.AlignRight
            title = self.horizontalHeaderItem(j)
            if title is not None:
                title.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)

    def tell(self, row: int, column: int, words: str) -> None:
        """Set a cell's tooltip; row -1 is the head's."""
        item = self.horizontalHeaderItem(column) if row < 0 else self.item(row, column)
        if item is not None:
            item.setToolTip(words)

    def mark(self, row: int, column: int, why: str) -> None:
        """Set a cell in bold and say why."""
        item = self.item(row, column)
        if item is not None:
            font = QFont(item.font())
            font.setBold(True)
            item.setFont(font)
            item.setToolTip(why)

    def cells(self) -> list[list[str]]:
        """Titles and cells."""
        return [self._titles, *self._rows]

    def fit_height(self) -> None:
        """As high as its rows."""
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = sum(self.rowHeight(i) for i in range(self.rowCount()))
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows + bar + 4)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Copy."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in self.cells()))
            return
        super().keyPressEvent(event)


class FidelityTable(QWidget):
    """Numbers of the pair.

    Signals
    -------
    time_wanted : float
        A window was clicked, s.
    """

    time_wanted = Signal(float)

    def __init__(self, theme: Theme, work: FidelityWork, clock: Clock) -> None:
        super().__init__()
        self.work = work
        self.lowpass = combo(tip="Low-pass both sides first, Hz", accessible="Low-pass")
        for value in _LOWPASS:
            self.lowpass.addItem("No low-pass" if value is None else f"Below {value:g} Hz", value)
        self.normalise = combo(
            tip="How magnitudes are normalised for the paper's mean squared error, which does not say",
            accessible="Normalisation", characters=14,
        )  # fmt: skip
        from m3n_studio.imu.fidelity import BANDS_HZ, NORMALISATIONS

        for name in NORMALISATIONS:
            self.normalise.addItem(name, name)
            self.normalise.setItemData(
                self.normalise.count() - 1, _TITLES.get(name, name), Qt.ItemDataRole.ToolTipRole
            )  # fmt: skip
        self.measure = combo(tip="What the strip along time shows", accessible="Measure along time")
        self.measure.addItem("r per window", "r")
        self.measure.addItem("RMSE per window", "rmse")
        self.text_button = push_button("Copy as text", tip="Alignment and table as plain text, to the clipboard")
        self.csv_button = push_button("Copy as CSV", tip="The table with all digits, to the clipboard")
        self.summary = label(accessible="Summary")
        self.summary.setWordWrap(True)
        self.mse = label(accessible="Mean squared error")
        self.mse.setWordWrap(True)
        titles = ["", "RMSE", "r", "bias", "slope", *(f"coh {low:g}–{high:g}" for low, high in BANDS_HZ)]
        self.table = FigureTable(titles, "Closeness per channel")
        tips = ("Channel, simulated sensor's axes", "Root mean square of real minus simulated", "Pearson's correlation",
                "Mean of real minus simulated", "Slope of real over simulated; 1 where they agree")  # fmt: skip
        for j in range(len(titles)):
            self.table.tell(-1, j, tips[j] if j < len(tips) else "Coherence in this band of Hz, 0 to 1")
        self.strip = HeatStrip(theme)
        self._lay_out()
        self.lowpass.currentIndexChanged.connect(self._on_options)
        self.normalise.currentIndexChanged.connect(self._on_options)
        self.measure.currentIndexChanged.connect(self._show_strip)
        self.text_button.clicked.connect(self.copy_text)
        self.csv_button.clicked.connect(self.copy_csv)
        self.strip.picked.connect(self.time_wanted)
        clock.time_changed.connect(self.strip.set_time)
        work.found.connect(self._on_found)
        self._on_found(None)

    def _lay_out(self) -> None:
        options, copies, strip_head = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for row in (options, copies, strip_head):
            row.setSpacing(6)
        options.addWidget(self.lowpass)
        options.addWidget(self.normalise)
        options.addStretch(1)
        copies.addWidget(self.text_button)
        copies.addWidget(self.csv_button)
        copies.addStretch(1)
        strip_head.addWidget(label("Along time", style="heading"))
        strip_head.addWidget(self.measure)
        strip_head.addWidget(label("stronger colour: worse", style="muted"))
        strip_head.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self.summary)
        layout.addLayout(options)
        layout.addWidget(self.mse)
        layout.addWidget(self.table)
        layout.addLayout(strip_head)
        layout.addWidget(self.strip)
        layout.addLayout(copies)
        layout.addStretch(1)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.strip.set_theme(theme)

    @Slot()
    def _on_options(self) -> None:
        self.work.set_options(Options(self.lowpass.currentData(), self.normalise.currentData()))

    @Slot(object)
    def _on_found(self, found: Gathered | None) -> None:
        for widget in (self.text_button, self.csv_button, self.table, self.strip):
            widget.setEnabled(found is not None)
        if found is None:
            self.summary.setText("")
            self.mse.setText("")
            self.table.set_rows([])
            self.table.fit_height()
            self._show_strip()
            return
        report, trends = found.evidence.report, found.evidence.trends
        self.summary.setText(
            f"{report.samples} samples in common, {report.seconds:.1f} s at {report.rate_hz:.1f} Hz"
            f"{'' if report.lag_s is None else f'; {round(1e3 * report.lag_s, 1) + 0.0:+.1f} ms lag left'}."
        )
        self.mse.setText(
            f"MSE of normalised magnitudes ({_TITLES.get(report.normalise, report.normalise)}):"
            f" ‖a‖ {figure(report.mse_acc)}, ‖ω‖ {figure(report.mse_gyr)}"
        )
        self.table.set_rows([
            [f"{row.quantity} {_SHORT[row.axis]}", f"{figure(row.rmse)} {row.unit}", figure(row.r, 4),
             figure(trend.bias, signed=True), figure(trend.slope), *(figure(c) for c in row.coherence)]
            for row, trend in zip(report.channels, trends, strict=True)
        ])  # fmt: skip
        self.table.fit_height()
        self._show_strip()

    @Slot()
    def _show_strip(self) -> None:
        from m3n_studio.imu.fidelity_windows import CHANNELS

        names = tuple(f"{q} {_SHORT[a]}" for q, a in CHANNELS)
        found, measure = self.work.result, self.measure.currentData()
        if found is None:
            empty = np.zeros((0, 8))
            self.strip.set_windows(np.zeros(0), np.zeros(0), empty, empty, names, measure)
            return
        windows = found.evidence.windows
        values = getattr(windows, measure)
        words = "r" if measure == "r" else "RMSE"
        self.strip.set_windows(windows.start_s, windows.end_s, values, badness(values, measure), names, words)

    @Slot()
    def copy_text(self) -> None:
        """Alignment and table as text."""
        if self.work.result is not None:
            e = self.work.result.evidence
            QGuiApplication.clipboard().setText("\n".join(filter(None, [e.alignment.text(), e.report.text()])))

    @Slot()
    def copy_csv(self) -> None:
        """The table with all digits."""
        if self.work.result is not None:
            QGuiApplication.clipboard().setText(table_csv(self.work.result))


def badness(values: np.ndarray, measure: str) -> np.ndarray:
    """From 0 (good) to 1 (bad): 1 - r, or the RMSE over the largest of its quantity; values (W, 8)."""
    if measure == "r":
        return np.clip(1.0 - values, 0.0, 1.0)
    out = np.array(values)
    for columns in (slice(0, 4), slice(4, 8)):
        part = out[:, columns]
        known = part[np.isfinite(part)]
        if len(known) and known.max() > 0:
            out[:, columns] = part / known.max()
    return out


def table_csv(found: Gathered) -> str:
    """The channels' figures with all digits."""
    out = io.StringIO()
    rows = found.evidence.report.rows()
    extra = [{"bias": t.bias, "slope": t.slope} for t in found.evidence.trends]
    writer = csv.DictWriter(out, [*rows[0], "bias", "slope"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, **more} for row, more in zip(rows, extra, strict=True))
    return out.getvalue()


def figure(value: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """A number for people; a dash where it cannot be told."""
    return "–" if value is None else f"{value:{'+' if signed else ''}.{digits}f}"
