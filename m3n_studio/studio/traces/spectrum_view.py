"""Power spectrum, coherence and spectrogram of the selected sensor over the selected or visible time."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Jobs
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label
from m3n_studio.studio.traces.spectrum import Spectrogram, decibels
from m3n_studio.studio.traces.spectrum_work import MOST_S, Answer, Question, answer
from m3n_studio.studio.traces.trace_data import QUANTITIES
from m3n_studio.studio.traces.trace_items import DecadeAxis, LaneAxis
from m3n_studio.studio.traces.trace_lane import kind_color
from m3n_studio.studio.traces.tracks import OVER, Recording, recording_for

REST_MS = 120
_COMPONENTS = (("magnitude", "all axes"), ("x", "x"), ("y", "y"), ("z", "z"))
_UNITS = {"acc": "(m/s²)²/Hz", "gyr": "(rad/s)²/Hz"}
_WIDTH = 54
_SHARES = (3, 2, 3)


class SpectrumView(QWidget):
    """The view; it works only while it can be seen."""

    failed = Signal(str)

    def __init__(
        self, clock: Clock, theme: Theme, selection: Selection, jobs: Jobs, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._clock, self._theme, self._selection, self._jobs = clock, theme, selection, jobs
        self._contents = Contents()
        self.answer: Answer | None = None
        self.plots: tuple[pg.PlotItem, ...] = ()
        self._stale = True
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._ask)
        self._build()
        for changed in (selection.range_changed, selection.visible_changed, selection.sensor_changed):
            changed.connect(self._on_changed)
        clock.time_changed.connect(self._on_time)
        self.set_theme(theme)

    def _build(self) -> None:
        self.quantity_box = combo(tip="Which quantity is analysed", accessible="Quantity")
        self.quantity_box.addItems([q.title for q in QUANTITIES])
        self.component_box = combo(
            tip="Which axis of the sensor; all axes: the sum of their densities", accessible="Axis"
        )
        self.component_box.addItems([words for _, words in _COMPONENTS])
        self.picture_box = combo(tip="Whose spectrogram is shown below", accessible="Spectrogram of")
        self.span_label = label(
            style="muted", accessible="Time analysed",
            tip="The selected time (Shift+drag in the traces), else the time in view",
        )  # fmt: skip
        row = QHBoxLayout()
        row.setContentsMargins(12, 10, 12, 2)
        row.setSpacing(6)
        for box in (self.quantity_box, self.component_box):
            row.addWidget(box)
            box.currentIndexChanged.connect(self._on_changed)
        row.addWidget(self.span_label)
        row.addStretch(1)
        row.addWidget(self.picture_box)
        self.picture_box.currentIndexChanged.connect(self._on_changed)
        self.message = label(style="muted")
        self.message.setWordWrap(True)
        self.message.setContentsMargins(12, 6, 12, 6)
        self.message.hide()
        self.graph = pg.GraphicsLayoutWidget()
        self.graph.setAccessibleName("Power spectrum, coherence and spectrogram")
        self.graph.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.graph.ci.setSpacing(2)
        self.graph.ci.setContentsMargins(6, 0, 10, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 6)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.message)
        layout.addWidget(self.graph, 1)

    # ------------------------------------------------------------------ what is shown

    def set_contents(self, contents: Contents) -> None:
        """Analyse other signals, when the hand rests."""
        self._contents = contents
        signals = self._signals()
        kinds = {k: k if k != "ghost" else "previous" for k in signals}
        if not contents.simulated:
            kinds = {k: s.name.replace("_", " ") for k, s in signals.items()}
        boxed = range(self.picture_box.count())
        if kinds != {self.picture_box.itemData(i): self.picture_box.itemText(i) for i in boxed}:
            before = self.picture_box.currentData()
            self.picture_box.blockSignals(True)
            self.picture_box.clear()
            for kind, words in kinds.items():
                self.picture_box.addItem(words, kind)
                self.picture_box.setItemData(
                    self.picture_box.count() - 1, QColor(kind_color(self._theme, kind)), Qt.ItemDataRole.ForegroundRole
                )
            self.picture_box.setCurrentIndex(max(self.picture_box.findData(before), 0) if kinds else -1)
            self.picture_box.blockSignals(False)
        self.picture_box.setVisible(len(kinds) > 1)
        self._on_changed()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.graph.setBackground(theme.panel)
        self._lay_out_plots()
        if self.answer is not None:
            self._show(self.answer)

    def release(self) -> None:
        """Nothing more is begun."""
        self._rest.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up with what changed meanwhile."""
        super().showEvent(event)
        if self._stale:
            self._rest.start()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """It is seen: a view behind another in the same place is shown and hidden without being told."""
        super().paintEvent(event)
        if self._stale and not self._rest.isActive():
            self._rest.start()

    def _is_seen(self) -> bool:
        return self.isVisible() and not self.visibleRegion().isEmpty()

    @property
    def _recordings(self) -> tuple[Recording, ...]:
        return (*self._contents.real, *self._contents.document.long)

    def _signals(self) -> dict[str, Recording]:
        """The signals of the selected sensor by kind; without a simulation recordings, each in its colour."""
        c, i, recordings = self._contents, max(self._selection.sensor, 0), self._recordings
        if not c.simulated:
            return dict(zip(("real", *OVER), recordings, strict=False))
        one = c.simulated[min(i, len(c.simulated) - 1)]
        real = recording_for(one.name, recordings, c.document.pairs, only_sensor=len(c.simulated) == 1)
        ghost = next((g for g in c.ghost if g.name == one.name), None)
        found = {"simulated": one, "real": real, "ghost": ghost}
        return {kind: signal for kind, signal in found.items() if signal is not None}

    def question(self) -> Question:
        """What is to be worked out now."""
        span = self._selection.range or self._selection.visible or (self._clock.start_s, self._clock.end_s)
        return Question(
            self._signals(), QUANTITIES[max(self.quantity_box.currentIndex(), 0)],
            _COMPONENTS[max(self.component_box.currentIndex(), 0)][0], span, self.picture_box.currentData() or "",
        )  # fmt: skip

    def _on_changed(self, *_: object) -> None:
        self._stale = True
        if self._is_seen():
            self._rest.start()

    def _ask(self) -> None:
        if not self._is_seen():
            return
        asked = self.question()
        self._stale = False
        if not asked.signals:
            self._on_answer(Answer(asked))
            return
        self._jobs.run(
            "Spectrum", lambda task: answer(asked), done=self._on_answer, failed=self._on_failed, key="spectrum",
            quiet=True,
        )  # fmt: skip

    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(f"The spectrum could not be worked out: {error}")

    def _on_answer(self, found: Answer) -> None:
        self.answer = found
        self._show(found)

    # ------------------------------------------------------------------ drawing

    def _plot(self, row: int, title: str, *, log_x: bool = False, log_y: bool = False) -> pg.PlotItem:
        theme = self._theme
        axes = {
            side: (DecadeAxis if log else LaneAxis)(side, color=theme.border, text=theme.muted)
            for side, log in (("left", log_y), ("bottom", log_x))
        }
        axes["left"].setWidth(_WIDTH)
        axes["bottom"].setHeight(20)
        plot = pg.PlotItem(axisItems=axes, enableMenu=False)
        plot.ctrlMenu.setParent(self, Qt.WindowType.Popup)  # never shown; it would outlive us
        plot.hideButtons()
        plot.showGrid(x=True, y=True, alpha=0.3)
        plot.setMouseEnabled(x=False, y=False)
        words = self.graph.addLabel(row=2 * row, col=0, justify="left")
        words.setText(title, color=theme.text, size="9pt", bold=True)
        words.setFixedHeight(20)
        self._titles.append(words)
        self.graph.addItem(plot, row=2 * row + 1, col=0)
        plot.setLogMode(x=log_x, y=log_y)
        return plot

    def _lay_out_plots(self) -> None:
        for plot in self.plots:
            plot.ctrlMenu.deleteLater()
        self.graph.ci.clear()
        self._titles: list[pg.LabelItem] = []
        self.density_plot = self._plot(0, "Power spectral density", log_x=True, log_y=True)
        self.coherence_plot = self._plot(1, "Coherence of simulated and real", log_x=True)
        self.picture_plot = self._plot(2, "Spectrogram")
        self.coherence_plot.setXLink(self.density_plot)
        self.coherence_plot.setYRange(0, 1.02, padding=0)
        for plot, unit in ((self.density_plot, "Hz"), (self.coherence_plot, "Hz"), (self.picture_plot, "s")):
            plot.getAxis("bottom").set_unit(unit)
        self.picture_plot.getAxis("left").set_unit("Hz")
        self.image = pg.ImageItem(axisOrder="row-major")
        stops = self._theme.heat
        colors = pg.ColorMap(np.linspace(0, 1, len(stops)), [pg.mkColor(c) for c in stops])
        self.picture_plot.addItem(self.image)
        self.legend = pg.ColorBarItem(
            values=(0, 1), colorMap=colors, width=12, interactive=False, pen=pg.mkPen(self._theme.border)
        )
        self.legend.ctrlMenu.setParent(self, Qt.WindowType.Popup)  # as for the plots
        self.plots = (self.density_plot, self.coherence_plot, self.picture_plot, self.legend)
        self.legend.axis.setTextPen(pg.mkPen(self._theme.muted))
        self.legend.setImageItem(self.image, insert_in=self.picture_plot)
        self.time_mark = pg.InfiniteLine(angle=90, pen=pg.mkPen(self._theme.cursor))
        self.picture_plot.addItem(self.time_mark, ignoreBounds=True)
        for i, share in enumerate(_SHARES):
            self.graph.ci.layout.setRowStretchFactor(2 * i + 1, share)

    def _give_room(self, index: int, shown: bool) -> None:
        """Show a plot and its title, or leave their room to the others."""
        (self.density_plot, self.coherence_plot, self.picture_plot)[index].setVisible(shown)
        self._titles[index].setVisible(shown)
        layout = self.graph.ci.layout
        layout.setRowMaximumHeight(2 * index, 20 if shown else 0)
        layout.setRowMaximumHeight(2 * index + 1, 1e6 if shown else 0)
        layout.setRowStretchFactor(2 * index + 1, _SHARES[index] if shown else 0)

    def _show(self, found: Answer) -> None:
        q = found.question
        unit = f"<span style='color:{self._theme.muted}; font-weight:400'>{_UNITS[q.quantity.name]}</span>"
        self._titles[0].setText(f"Power spectral density  {unit}", color=self._theme.text, size="9pt", bold=True)
        whose = "selected" if self._selection.range else "in view"
        first = f"the first {MOST_S / 60:g} min {whose}" if q.cut else whose
        self.span_label.setText(f"{q.span_s[0]:.2f} – {q.span_s[1]:.2f} s {first}")
        self.graph.setVisible(bool(found.densities))
        self.message.setVisible(not found.densities)
        self.message.setText(
            "Too few valid samples in this stretch of time for a spectrum. Zoom out, or select a longer stretch."
            if q.signals else "Open a motion with sensors, or a recording, to see its spectrum."
        )  # fmt: skip
        for plot in (self.density_plot, self.coherence_plot):
            plot.clear()
        for kind, density in found.densities.items():
            above = density.frequency_hz > 0
            pen = pg.mkPen(kind_color(self._theme, kind), width=1)
            self.density_plot.plot(
                density.frequency_hz[above], np.maximum(density.density[above], 1e-12), pen=pen, name=kind
            )
        self._give_room(1, found.coherence is not None)
        if found.coherence is not None:
            above = found.coherence.frequency_hz > 0
            self.coherence_plot.plot(
                found.coherence.frequency_hz[above],
                found.coherence.density[above],
                pen=pg.mkPen(self._theme.difference),
            )
        self._show_picture(found.picture)

    def _show_picture(self, picture: Spectrogram | None) -> None:
        has = picture is not None and bool(np.isfinite(picture.density).any())
        self._give_room(2, has)
        if picture is None or not has:
            return
        levels = decibels(picture.density.T)
        top = float(np.nanquantile(levels, 0.999))
        low = max(float(np.nanquantile(levels, 0.05)), top - 60.0)
        step = picture.time_s[1] - picture.time_s[0] if len(picture.time_s) > 1 else 1.0
        rise = picture.frequency_hz[1]
        self.image.setImage(levels, autoLevels=False)
        self.image.setRect(
            QRectF(
                picture.time_s[0] - step / 2, -rise / 2, step * len(picture.time_s), rise * len(picture.frequency_hz)
            )
        )
        self.legend.setLevels((low, max(top, low + 1.0)))
        self.picture_plot.setXRange(*self.answer.question.span_s, padding=0)  # type: ignore[union-attr]
        self.picture_plot.setYRange(0, picture.frequency_hz[-1], padding=0)
        self._titles[2].setText(
            f"Spectrogram  <span style='color:{self._theme.muted}; font-weight:400'>dB</span>",
            color=self._theme.text, size="9pt", bold=True,
        )  # fmt: skip
        self._on_time(self._clock.time_s)

    def _on_time(self, time_s: float) -> None:
        if self.isVisible():
            self.time_mark.setPos(time_s)


def build(context: ViewContext) -> SpectrumView:
    """The spectrum of the selected sensor."""
    view = SpectrumView(context.clock, context.theme, context.selection, context.jobs)
    view.failed.connect(context.report)
    return view
