"""Public recordings: what there is, how large, under which licence, from where; fetched with progress."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.recordings import samples
from m3n_studio.recordings.samples import SampleSet
from m3n_studio.studio.core.jobs import Job, Jobs
from m3n_studio.studio.look.error_bar import describe
from m3n_studio.studio.look.widgets import combo, named, push_button
from m3n_studio.studio.projects.recipe_result import fields, scrolled, words
from m3n_studio.studio.projects.sample_work import Fetched, Order, begun, get, is_here

_SIZE = (760, 500)
_INTO = (("make a project of them", "project"), ("open them in the window", "open"), ("only fetch them", "fetch"))


class SampleDialog(QDialog):
    """Choose a set and fetch it; closing the dialog stops it, and it goes on there the next time.

    Parameters
    ----------
    folder : Path, optional
        Where sets are kept; None: the user's data folder.

    Signals
    -------
    fetched : str, Fetched
        What was wanted ("project", "open", "fetch"), and what came of it.
    """

    fetched = Signal(str, object)

    def __init__(self, jobs: Jobs, folder: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Public recordings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._jobs, self._folder = jobs, folder
        self._job: Job | None = None
        self._into = ""
        self.sets = named(QListWidget(), accessible="Public recordings", tip="What can be fetched")
        for chosen in samples.sample_sets().values():
            item = QListWidgetItem("", self.sets)
            item.setData(Qt.ItemDataRole.UserRole, chosen.name)
        self.title, self.about, self.terms = words("", style="heading"), words(""), words("", style="muted")
        self.source = named(
            QLineEdit(os.environ.get(samples.SOURCE_VARIABLE, "")), accessible="Folder or address instead",
            tip="A folder or http address that has the same files; checked against the same sums",
        )  # fmt: skip
        self.source.setPlaceholderText("the original address")
        self.browse = push_button("Folder…", tip="Choose a folder that has the files")
        self.into: QComboBox = combo(tip="What to do once they are here", accessible="Afterwards")
        for text, value in _INTO:
            self.into.addItem(text, value)
        self.bar = named(QProgressBar(), accessible="Share that is here")
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.state = words("", style="muted")
        self.trouble = words("", style="warning")
        self.trouble.hide()
        self.close_button = push_button("Close", tip="Close; what is being fetched goes on the next time (Esc)")
        self.stop = push_button("Stop", tip="Stop; it goes on from there the next time")
        self.go = push_button("Fetch", tip="Fetch these recordings", style="primary")
        self.go.setDefault(True)
        self._lay_out()
        self._connect()
        self.resize(*_SIZE)
        self.sets.setCurrentRow(0)

    def _lay_out(self) -> None:
        about = QWidget()
        column = QVBoxLayout(about)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        for part in (self.title, self.about, self.terms):
            column.addWidget(part)
        column.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.source, 1)
        row.addWidget(self.browse)
        form = fields(("Fetch from", row), ("Afterwards", self.into))
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(scrolled(about, "About the set"), 1)
        right.addLayout(form)
        right.addWidget(self.trouble)
        right.addWidget(self.bar)
        right.addWidget(self.state)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button in (self.close_button, self.stop, self.go):
            buttons.addWidget(button)
        right.addLayout(buttons)
        self.sets.setFixedWidth(220)
        self.sets.setWordWrap(True)
        self.sets.setSpacing(2)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(18)
        layout.addWidget(self.sets)
        layout.addLayout(right, 1)

    def _connect(self) -> None:
        self.sets.currentItemChanged.connect(lambda *_: self._show())
        self.source.textChanged.connect(lambda _: self._show())
        self.browse.clicked.connect(self._on_browse)
        self.close_button.clicked.connect(self.reject)
        self.stop.clicked.connect(self._on_stop)
        self.go.clicked.connect(self._on_go)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Say what is here by now."""
        super().showEvent(event)
        self._show()

    @property
    def chosen(self) -> SampleSet:
        """The set that is looked at."""
        return samples.sample_set(self.sets.currentItem().data(Qt.ItemDataRole.UserRole))

    def _show(self) -> None:
        if self.sets.currentItem() is None:
            return
        for i in range(self.sets.count()):
            item = self.sets.item(i)
            one = samples.sample_set(item.data(Qt.ItemDataRole.UserRole))
            item.setText(f"{one.name.replace('_', ' ')}\n{megabytes(one.size)}"
                         + (", here" if is_here(one, self._folder) else ""))  # fmt: skip
        chosen, here = self.chosen, is_here(self.chosen, self._folder)
        had = begun(chosen, self._folder)
        self.title.setText(chosen.title)
        self.about.setText(f"{len(chosen.files)} files, {megabytes(chosen.size)}\n{chosen.source}\n"
                           f"Version {chosen.version[:12]}; every file is checked against its SHA-256.")  # fmt: skip
        self.terms.setText(f"Licence: {chosen.licence}\n{chosen.licence_url}\n\nPlease cite: {chosen.cite}")
        busy = self._job is not None
        for widget in (self.sets, self.source, self.browse, self.into, self.go):
            widget.setEnabled(not busy)
        self.stop.setVisible(busy)
        self.bar.setVisible(busy)
        self.go.setText("Use" if here else "Continue" if had else "Fetch")
        if not busy:
            self.state.setText("" if here or not had else f"{megabytes(had)} of {megabytes(chosen.size)} are here.")

    def _on_browse(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder with the files of the sets", str(Path.home()))
        if name:
            self.source.setText(name)

    def _on_go(self) -> None:
        into = str(self.into.currentData())
        project = None
        if into == "project":
            start = Path.home() / self.chosen.name
            name, _ = QFileDialog.getSaveFileName(self, "New project: name of its folder", str(start))
            if not name:
                return
            project = Path(name)
        self.get(into, project)

    def get(self, into: str, project: Path | None = None) -> None:
        """Fetch what is chosen."""
        order = Order(self.chosen.name, self.source.text().strip(), project, self._folder)
        self._into = into
        self.trouble.hide()
        self.bar.setValue(0)
        self._job = self._jobs.run(
            f"Fetching {self.chosen.name.replace('_', ' ')}",
            lambda task: get(order, task.progress, task.cancelled), done=self._on_fetched, failed=self._on_failed,
            key="samples",
        )  # fmt: skip
        self._job.progressed.connect(self._on_progress)
        self._job.ended.connect(self._on_ended)
        self._show()
        self.stop.setFocus()

    def _on_progress(self, share: float) -> None:
        self.bar.setValue(round(1000 * share))
        self.state.setText(f"{100 * share:.0f} % of {megabytes(self.chosen.size)}")

    def _on_stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self.state.setText("Stopping…")

    def _on_fetched(self, result: Fetched) -> None:
        self._job = None
        into = self._into
        if into == "fetch":
            self._show()
            self.state.setText(f"All of it is in {result.folder}")
            return
        super().accept()
        self.fetched.emit(into, result)

    def _on_failed(self, error: Exception) -> None:
        self.trouble.setText(describe(error)[0])
        self.trouble.show()

    def _on_ended(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self._show()
            self.go.setFocus()

    def done(self, result: int) -> None:
        """Stop what is being fetched."""
        if self._job is not None:
            self._job.cancel()
            self._job.progressed.disconnect(self._on_progress)
            self._job.ended.disconnect(self._on_ended)
            self._job = None
        super().done(result)


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
