"""The samples that are shown, as CSV: to the clipboard, or into a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from m3n_studio.atomic import atomic
from m3n_studio.errors import M3nError
from m3n_studio.studio.traces.measuring import csv_pieces, csv_rows, csv_text
from m3n_studio.studio.traces.trace_data import Line

if TYPE_CHECKING:
    from m3n_studio.studio.core.jobs import Task
    from m3n_studio.studio.traces.trace_view import TraceView

#: Rows that go to the clipboard at most, and rows that are saved without a job.
MOST_COPIED = 200_000
MOST_AT_ONCE = 20_000
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
    """The samples in view, on the clipboard; refused, and said, where they are too many for one."""
    found = columns(view)
    rows = csv_rows(found, *view.visible_s)
    if rows > MOST_COPIED:
        view.failed.emit(
            f"{rows:,} samples are in view, more than a clipboard should hold ({MOST_COPIED:,}). "
            "Zoom in, or save the stretch as CSV.".replace(",", "\u202f", 2)
        )
        return ""
    text = csv_text(found, *view.visible_s)
    QGuiApplication.clipboard().setText(text)
    return text


def save_selection(view: TraceView, path: Path, task: Task | None = None) -> None:
    """The samples of the selected time (without one: in view), in a file."""
    write_csv(columns(view), view.selection.range or view.visible_s, path, task)


def write_csv(
    found: Sequence[tuple[str, Line]], span_s: tuple[float, float], path: Path, task: Task | None = None
) -> None:  # fmt: skip
    """Samples of a stretch of time in a file, piece by piece; it appears whole or not at all."""
    total, done = max(csv_rows(found, *span_s), 1), 0
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        for piece in csv_pieces(found, *span_s):
            file.write(piece)
            done += piece.count("\n")
            if task is not None:
                task.check()
                task.progress(min(done, total), total)


def ask_save(view: TraceView) -> None:
    """Let the user choose a file and save the selection there."""
    dialog = QFileDialog(view, "Save selection as CSV", "selection.csv", "Comma-separated values (*.csv)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    dialog.fileSelected.connect(lambda name: _save(view, Path(name)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def _save(view: TraceView, path: Path) -> None:
    """At once where there is little to write, else in the background with progress and cancel."""
    found, span = columns(view), view.selection.range or view.visible_s
    if view.jobs is not None and csv_rows(found, *span) > MOST_AT_ONCE:
        view.jobs.run(f"Saving {path.name}", lambda task: write_csv(found, span, path, task), failed=view.on_not_saved)
        return
    try:
        write_csv(found, span, path)
    except (OSError, M3nError) as error:
        view.on_not_saved(error)


def why_not(error: Exception) -> str:
    """What to tell of a file that could not be written."""
    reason = getattr(error, "strerror", None) or str(error)
    return f"The samples could not be saved: {reason}. Choose another folder."
