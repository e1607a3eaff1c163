"""The samples that are shown, as CSV: to the clipboard, or into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from m3n_studio.atomic import atomic
from m3n_studio.studio.traces.measuring import csv_text
from m3n_studio.studio.traces.trace_data import Line

if TYPE_CHECKING:
    from m3n_studio.studio.traces.trace_view import TraceView

_UNITS = {"acc": "mps2", "gyr": "radps"}


def columns(view: TraceView) -> list[tuple[str, Line]]:
    """Every line shown, under a name that says sensor, kind, component and unit."""
    out = []
    for lane in view.lanes:
        sensor = view.tracks[lane.sensor].name
        for kind, line in lane.lines.items():
            parts = (sensor, kind, lane.quantity.name, lane.component, _UNITS[lane.quantity.name])
            out.append(("_".join(p for p in parts if p), line))
    return out


def copy_visible(view: TraceView) -> str:
    """The samples in view, on the clipboard."""
    text = csv_text(columns(view), *view.visible_s)
    QGuiApplication.clipboard().setText(text)
    return text


def save_selection(view: TraceView, path: Path) -> None:
    """The samples of the selected time (without one: in view), in a file."""
    with atomic(path) as part:
        part.write_text(csv_text(columns(view), *(view.selection.range or view.visible_s)), "utf-8")


def ask_save(view: TraceView) -> None:
    """Let the user choose a file and save the selection there."""
    dialog = QFileDialog(view, "Save selection as CSV", "selection.csv", "Comma-separated values (*.csv)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    dialog.fileSelected.connect(lambda name: _save(view, Path(name)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def _save(view: TraceView, path: Path) -> None:
    try:
        save_selection(view, path)
    except OSError as error:
        view.failed.emit(f"{path.name} could not be written: {error.strerror}. Choose another folder.")
