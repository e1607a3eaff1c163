"""The fidelity dock: which pair, how it is aligned, how close it is, where it is worst, how other modes do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.derived import recording_of
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.fidelity.alignment_steps import AlignmentSteps
from m3n_studio.studio.fidelity.fidelity_table import FidelityTable
from m3n_studio.studio.fidelity.fidelity_work import FidelityWork, Gathered, Options, gathered
from m3n_studio.studio.fidelity.mode_table import ModeTable
from m3n_studio.studio.fidelity.moment_list import MomentList
from m3n_studio.studio.fidelity.mount_gizmo import MountGizmo
from m3n_studio.studio.fidelity.small_plots import HeatStrip
from m3n_studio.studio.look.keys_first import ARROWS, KeysFirst
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, push_button

if TYPE_CHECKING:
    from m3n_studio.imu.mode_compare import ModeRow
    from m3n_studio.recordings.signal import Signal as Recorded

_NO_MOTION = "Open a motion to begin: drop a file here, or take one from the File menu."
_NO_RECORDING = (
    "Drop a real recording of this motion on the window.\n"
    "It is put on the same clock and axes, and you see where it differs from the simulation, and why."
)
_NOT_PAIRED = "No recording belongs to this sensor. Choose one above."
_WAIT = "Comparing …"

_SHEET = """
#fidelity QTabWidget::pane {{ border: none; border-top: 1px solid {border}; }}
#fidelity QTabBar::tab {{ background: transparent; color: {muted}; padding: 6px 12px; border: none;
  border-bottom: 2px solid transparent; }}
#fidelity QTabBar::tab:selected {{ color: {text}; border-bottom: 2px solid {accent}; }}
#fidelity QTabBar::tab:hover {{ color: {text}; }}
#fidelity QTabBar:focus {{ border: 2px solid {accent}; border-radius: 4px; }}
#fidelity QScrollArea, #fidelity #scrolled {{ background: {panel}; border: none; }}
#fidelity #stepCard {{ background: {window}; border: 1px solid {border}; border-radius: 8px; }}
#fidelity QTableWidget {{ background: {panel}; border: none; selection-background-color: {hover};
  selection-color: {text}; }}
#fidelity QTableWidget:focus {{ border: 1px solid {accent}; }}
#fidelity QTableWidget::item {{ padding: 2px 6px; }}
#fidelity QHeaderView {{ background: {panel}; }}
#fidelity QHeaderView::section {{ background: {panel}; color: {muted}; border: none;
  border-bottom: 1px solid {border}; padding: 4px 6px; }}
#fidelity QPushButton {{ padding: 4px 10px; }}
#fidelity QPushButton:focus {{ padding: 3px 9px; }}
#fidelity QPushButton#primary:disabled {{ background: {hover}; color: {muted}; border-color: {border}; }}
#fidelity QPushButton:checked {{ background: {accent}; color: {on_accent}; border-color: {accent}; }}
#fidelity QCheckBox:focus {{ color: {accent}; }}
"""


class FidelityView(QWidget):
    """Simulated against real, for the selected sensor."""

    #: A report was written: its path.
    written = Signal(object)

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._context = context
        self.contents = Contents()
        self.work = FidelityWork(context, self)
        self._build(context)
        context.selection.sensor_changed.connect(self._on_selected)
        context.selection.clock_dragged.connect(self._on_dragged)
        context.selection.point_picked.connect(self.steps.clock_card.pick)
        self.work.found.connect(self._on_found)
        self.set_theme(context.theme)
        self.set_contents(self.contents)

    def _build(self, context: ViewContext) -> None:
        self.sensor_box = combo(tip="Which sensor on the body", accessible="Sensor to judge", characters=8)
        self.recording_box = combo(tip="Which recording it is held against", accessible="Recording", characters=8)
        self.export = push_button("Report…", tip="Write a report with figures: HTML, or CSV for the numbers alone")
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 4)
        head.setSpacing(8)
        head.addWidget(self.sensor_box, 1)
        head.addWidget(label("against", style="muted"))
        head.addWidget(self.recording_box, 1)
        head.addWidget(self.export)
        self.verdict = label(accessible="Verdict")
        self.verdict.setWordWrap(True)
        self.verdict.setContentsMargins(12, 0, 12, 4)
        self.steps = AlignmentSteps(context.theme, self.work, context.clock, context.selection)
        self.numbers = FidelityTable(context.theme, self.work, context.clock)
        self.moments = MomentList(self.work, context.clock, context.selection)
        self.modes = ModeTable(context, self.work)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for title, page in (("Worst moments", self.moments), ("Alignment", _scrolled(self.steps)),
                            ("Numbers", _scrolled(self.numbers)), ("Modes", _scrolled(self.modes))):  # fmt: skip
            self.tabs.addTab(page, title)
        self.hint = label(style="muted")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        self.hint.setContentsMargins(24, 24, 24, 24)
        body = QWidget()
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(2)
        inside.addWidget(self.verdict)
        inside.addWidget(self.tabs, 1)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.hint)
        self.pages.addWidget(body)
        frame = QFrame()
        frame.setObjectName("fidelity")
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.pages, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(frame)
        self._frame = frame
        self._keys = KeysFirst(self, {MountGizmo: ARROWS, HeatStrip: {Qt.Key.Key_Up, Qt.Key.Key_Down}})
        self.sensor_box.activated.connect(self._on_sensor)
        self.recording_box.activated.connect(self._on_recording)
        self.export.clicked.connect(self._on_export)
        self.numbers.time_wanted.connect(context.clock.seek)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._frame.setStyleSheet(_SHEET.format(**{k: v for k, v in vars(theme).items() if isinstance(v, str)}))
        for part in (self.steps, self.numbers):
            part.set_theme(theme)

    def set_contents(self, contents: Contents) -> None:
        """Judge other signals; the sensor is the one selected in the window."""
        self.contents = contents
        names = [s.name for s in contents.simulated]
        with QSignalBlocker(self.sensor_box):
            if [self.sensor_box.itemData(i) for i in range(self.sensor_box.count())] != names:
                self.sensor_box.clear()
                for name in names:
                    self.sensor_box.addItem(name.replace("_", " ").capitalize(), name)
        self._show()

    @property
    def _index(self) -> int:
        chosen, count = self._context.selection.sensor, len(self.contents.simulated)
        return chosen if 0 <= chosen < count else min(0, count - 1)

    def _show(self) -> None:
        contents, index = self.contents, self._index
        sensor = contents.simulated[index].name if index >= 0 else ""
        self.sensor_box.setCurrentIndex(index)
        recording = recording_of(contents.document, sensor) if sensor else None
        with QSignalBlocker(self.recording_box):
            self.recording_box.clear()
            self.recording_box.addItem("No recording", "")
            for one in contents.document.recordings:
                self.recording_box.addItem(one.name.replace("_", " ").capitalize(), one.name)
            at = -1 if recording is None else self.recording_box.findData(recording.name)
            self.recording_box.setCurrentIndex(max(at, 0))
        self.sensor_box.setEnabled(bool(contents.simulated))
        self.recording_box.setEnabled(bool(sensor and contents.document.recordings))
        self.work.set_contents(contents, sensor)
        self._show_page(recording)

    def _show_page(self, recording: Recorded | None) -> None:
        hint = ""
        if not self.contents.simulated:
            hint = _NO_MOTION
        elif not self.contents.document.recordings:
            hint = _NO_RECORDING
        elif recording is None:
            hint = _NOT_PAIRED
        elif self.work.sensor not in self.contents.judged:
            hint = self.contents.note or _WAIT
        self.hint.setText(hint)
        self.pages.setCurrentIndex(0 if hint else 1)
        self.export.setEnabled(not hint)

    @Slot(object)
    def _on_found(self, found: Gathered | None) -> None:
        from m3n_studio.imu.report import doubts, summary

        words: tuple[str, ...] = ()
        if found is not None:  # the sensor's name stands above already
            told = summary(found.evidence)
            told = told.partition(": ")[2] or told
            words = (*doubts(found.evidence), _capital(told))
        self.verdict.setText("\n".join(words))

    @Slot(int)
    def _on_selected(self, _index: int) -> None:
        self._show()

    @Slot(int)
    def _on_sensor(self, index: int) -> None:
        self._context.selection.set_sensor(index)

    @Slot(int)
    def _on_recording(self, index: int) -> None:
        if self.work.sensor:
            self.work.choose(self.recording_box.itemData(index))

    @Slot(str, float)
    def _on_dragged(self, sensor: str, by_s: float) -> None:
        if sensor == self.work.sensor:
            self.work.drag(by_s)

    # ------------------------------------------------------------------ report

    @Slot()
    def _on_export(self) -> None:
        name = f"{Path(self.contents.title or 'fidelity').stem or 'fidelity'} fidelity.html"
        path, _ = QFileDialog.getSaveFileName(self, "Write a report", name, "Web page (*.html);;Table (*.csv)")
        if path:
            self.write_report(Path(path))

    def write_report(self, path: Path) -> None:
        """Write a report on every sensor that has a recording, in the background."""
        contents, options, rows = self.contents, self.work.options, self.modes.rows
        if not path.suffix:
            path = path.with_suffix(".html")
        self._context.jobs.run(
            f"Writing {path.name}", lambda task: written(path, contents, options, rows, task), done=self.written.emit,
            failed=self._on_failed, key="report",
        )  # fmt: skip

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._context.report(str(error))


def build(context: ViewContext) -> FidelityView:
    """The fidelity dock."""
    return FidelityView(context)


def written(path: Path, contents: Contents, options: Options, modes: tuple[ModeRow, ...], task: Task) -> Path:
    """Gather the evidence of every pair and write it; in a job."""
    from m3n_studio.imu.report import write_report

    document, evidence = contents.document, []
    simulated = {s.name: s for s in contents.simulated}
    for i, (sensor, judged) in enumerate(contents.judged.items()):
        task.check()
        task.progress(i, len(contents.judged) + 1)
        recording = recording_of(document, sensor)
        if recording is not None and sensor in simulated:
            alignment = document.alignments.get(sensor, judged.alignment)
            evidence.append(gathered(simulated[sensor], recording, alignment, options).evidence)
    title = f"{contents.title or 'Simulation'}: simulated against real"
    return write_report(path, evidence, title=title, provenance=provenance(document, options), modes=modes)


def provenance(document: Document, options: Options) -> dict[str, str]:
    """Where a report's figures come from."""
    clip = document.clip
    motion = (
        "" if clip is None else f"{clip.source.path or document.title}, {clip.duration_s:.2f} s at {clip.rate_hz:g} Hz"
    )
    kept = ", ".join(sorted(document.alignments)) or "none; all fitted"
    lowpass = "none" if options.lowpass_hz is None else f"{options.lowpass_hz:g} Hz"
    bandwidth = "none" if document.bandwidth_hz is None else f"{document.bandwidth_hz:g} Hz"
    return {
        "Motion": motion, "Recording": document.recording_path or ", ".join(r.name for r in document.recordings),
        "Body": "as in the motion" if document.shape is None else "changed by hand", "Mode": document.mode,
        "Bandwidth of the simulation": bandwidth, "Low-pass of the comparison": lowpass,
        "Normalisation": options.normalise, "Alignment accepted or by hand": kept,
    }  # fmt: skip


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _scrolled(page: QWidget) -> QScrollArea:
    page.setObjectName("scrolled")
    page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(page)
    return area
