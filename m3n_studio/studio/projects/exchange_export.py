"""Labels out: which sessions, which format, what it cannot hold, and writing them with progress."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.annotation.exchange.formats import label_formats
from m3n_studio.project import Project
from m3n_studio.project.label_export import ExportPlan, plan_export, write
from m3n_studio.studio.core.jobs import Job, Jobs
from m3n_studio.studio.look.error_bar import describe
from m3n_studio.studio.look.widgets import combo, label, named, push_button
from m3n_studio.studio.projects.recipe_result import emptied, fields, scrolled, words

_WAIT_MS = 150
_SIZE = (620, 520)
_MOST_SHOWN = 100


class ExportDialog(QDialog):
    """Everything about an export, until it is done.

    Parameters
    ----------
    session : str
        Id of the session on the desk, or empty.

    Signals
    -------
    planned : ExportPlan
        What would be written is known.
    written : int
        So many files were written.
    """

    planned = Signal(object)
    written = Signal(int)

    def __init__(self, project: Project, session: str, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export labels")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._project, self._jobs = project, jobs
        self._job: Job | None = None
        self.plan: ExportPlan | None = None
        self.which = combo(tip="Whose labels", accessible="Sessions")
        sessions = project.sessions()
        self._sessions = {s.id: s for s in sessions}
        if session in self._sessions:
            self.which.addItem(f"the session on the desk, {self._sessions[session].name}", session)
        self.which.addItem(f"all sessions ({len(sessions)})", "")
        self.format = combo(tip="Format of the files", accessible="Format")
        for row in label_formats():
            self.format.addItem(f"{row.title} ({row.ending or row.suffixes[0]})", row.name)
        self.folder = named(
            QLineEdit(str(project.folder.absolute().parent / f"{project.folder.name}-labels")),
            tip="Folder for the files, one a session", accessible="Folder",
        )  # fmt: skip
        self.browse = push_button("Folder…", tip="Choose a folder")
        self.count = words("")
        self._losses = QWidget()
        self._list = QVBoxLayout(self._losses)
        self._list.setContentsMargins(0, 0, 8, 0)
        self._list.setSpacing(6)
        self.over = named(QCheckBox(""), tip="Files of the same names are replaced", accessible="Write over files")
        self.over.hide()
        self.trouble = words("", style="warning")
        self.trouble.hide()
        self.bar = named(QProgressBar(), accessible="Share that is written")
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.hide()
        self.cancel = push_button("Cancel", tip="Stop, or close (Esc)")
        self.go = push_button("Export", tip="Write the files", style="primary")
        self.go.setDefault(True)
        self._lay_out()
        self._timer = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._timer.timeout.connect(self._ask)
        self.which.activated.connect(self._changed)
        self.format.activated.connect(self._changed)
        self.folder.textChanged.connect(self._changed)
        self.browse.clicked.connect(self._on_browse)
        self.over.toggled.connect(lambda _: self._tell())
        self.cancel.clicked.connect(self.reject)
        self.go.clicked.connect(self.accept)
        self.resize(*_SIZE)
        self._changed()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.folder, 1)
        row.addWidget(self.browse)
        form = fields(("Labels of", self.which), ("Format", self.format), ("Folder", row))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.count)
        layout.addWidget(label("What the format cannot hold", style="heading"))
        layout.addWidget(scrolled(self._losses, "What the format cannot hold"), 1)
        for part in (self.over, self.trouble, self.bar):
            layout.addWidget(part)
        layout.addLayout(buttons)

    # ------------------------------------------------------------------ the plan

    def _changed(self, *_: object) -> None:
        self.plan = None
        self.over.setChecked(False)
        self._tell()
        self._timer.start()

    def _ask(self) -> None:
        chosen, name, folder = str(self.which.currentData()), str(self.format.currentData()), self.folder.text().strip()
        sessions = [self._sessions[chosen]] if chosen else list(self._sessions.values())
        project = self._project
        if not folder:
            self._complain("Choose a folder for the files.")
            return
        self._jobs.run(
            "Looking at labels", lambda task: plan_export(project, sessions, name, Path(folder).expanduser()),
            done=self._on_plan, failed=self._on_failed, key="exchange.plan", quiet=True,
        )  # fmt: skip

    def _on_plan(self, plan: ExportPlan) -> None:
        self.plan = plan
        self._complain("")
        labels = sum(len(one.labels.annotations) for one in plan.items)
        files = f"{len(plan.items)} file{'' if len(plan.items) == 1 else 's'}"
        without = f" {len(plan.empty)} sessions have no labels and are left out." if plan.empty else ""
        self.count.setText(f"{labels:,} labels go into {files}.{without}" if plan.items else "There are no labels yet.")
        emptied(self._list)
        for text, count in plan.lost()[:_MOST_SHOWN]:
            of = f" ({count} of {len(plan.items)} sessions)" if len(plan.items) > 1 else ""
            self._list.addWidget(words(f"{text[:1].upper()}{text[1:]}{of}"))
        if not plan.lost() and plan.items:
            self._list.addWidget(words("Nothing is lost: it holds everything.", style="muted"))
        if len(plan.lost()) > _MOST_SHOWN:
            self._list.addWidget(words(f"and {len(plan.lost()) - _MOST_SHOWN} more", style="muted"))
        self._list.addStretch(1)
        there = plan.there
        self.over.setText(f"Write over {there[0].name}" if len(there) == 1 else f"Write over {len(there)} files")
        self.over.setVisible(bool(there))
        self._tell()
        self.planned.emit(plan)

    def _on_failed(self, error: Exception) -> None:
        self._complain(describe(error)[0])

    def _complain(self, text: str) -> None:
        self.trouble.setText(text)
        self.trouble.setVisible(bool(text))

    def _tell(self) -> None:
        plan = self.plan
        self.go.setEnabled(plan is not None and bool(plan.items) and (not plan.there or self.over.isChecked()))

    def _on_browse(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder for the files", self.folder.text())
        if name:
            self.folder.setText(name)

    # ------------------------------------------------------------------ writing

    def accept(self) -> None:
        """Write, and close when it is done."""
        plan = self.plan
        if plan is None or not self.go.isEnabled() or self._job is not None:
            return
        self._freeze(True)
        self._job = self._jobs.run(
            "Exporting labels", lambda task: write(plan, task.progress, task.cancelled), done=self._on_written,
            failed=self._on_failed, key="exchange.write",
        )  # fmt: skip
        self._job.progressed.connect(self._on_progress)
        self._job.ended.connect(self._on_ended)

    def _freeze(self, frozen: bool) -> None:
        for part in (self.which, self.format, self.folder, self.browse, self.over, self.go):
            part.setEnabled(not frozen)
        self.bar.setVisible(frozen)

    def _on_progress(self, share: float) -> None:
        self.bar.setValue(round(1000 * share))

    def _on_written(self, paths: tuple[Path, ...]) -> None:
        self._job = None
        super().accept()
        self.written.emit(len(paths))

    def _on_ended(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self._freeze(False)
            self._changed()

    def reject(self) -> None:
        """Stop what is being written; close where nothing is."""
        if self._job is not None:
            self._job.cancel()
            return
        super().reject()

    def done(self, result: int) -> None:
        """Ask for nothing more."""
        self._timer.stop()
        for job in self._jobs.running:
            if job.key == "exchange.plan":
                job.cancel()
        super().done(result)
