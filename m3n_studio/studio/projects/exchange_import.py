"""Labels in: of which session each file is, moved by how much, and what its tiers and classes become."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.annotation.exchange.formats import label_formats, read_labels
from m3n_studio.annotation.exchange.values import LabelFile
from m3n_studio.errors import M3nError
from m3n_studio.project import Project
from m3n_studio.project.label_import import NEW, SKIP, ImportPlan, Into, TierMatch, offset_for, plan_import, session_for
from m3n_studio.project.values import Session
from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.look.error_bar import describe
from m3n_studio.studio.look.widgets import combo, label, named, push_button
from m3n_studio.studio.projects.recipe_result import fields, words

_WAIT_MS = 120
_SIZE = (860, 600)
_FILE_HEADS = ("File", "Labels", "Session", "Moved by")
_TIER_HEADS = ("Tier in the files", "Labels", "Goes to", "Classes")
_MOST_CLASSES = 8

Read = tuple[Path, LabelFile | str]


class ImportDialog(QDialog):
    """Files above, tiers below; what would change is said before it does.

    Parameters
    ----------
    session : str
        Id of the session on the desk, or empty.

    Signals
    -------
    wanted : ImportPlan
    """

    wanted = Signal(object)

    def __init__(
        self, project: Project, paths: list[Path], session: str, author: str, jobs: Jobs, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import labels")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._project, self._paths, self._jobs, self._author = project, paths, jobs, author
        self._desk_session = session
        self._sessions = {s.id: s for s in project.sessions()}
        self._read: tuple[Read, ...] = ()
        self._targets: dict[str, str] = {}
        self.plan: ImportPlan | None = None
        self.format = combo(tip="Format of the files", accessible="Format")
        self.format.addItem("found out from each file", "")
        for row in label_formats():
            self.format.addItem(row.title, row.name)
        self.wins = combo(tip="On a tier whose labels do not overlap", accessible="Where labels overlap")
        self.wins.addItem("the new ones win", False)
        self.wins.addItem("those in the project stay as they are", True)
        self.files = self._table(_FILE_HEADS, "Files and their sessions", (70, 230, 120))
        self.tiers = self._table(_TIER_HEADS, "Tiers and what becomes of them", (70, 200, 240))
        self.summary = words("")
        self.trouble = words("", style="warning")
        self.trouble.hide()
        self.cancel = push_button("Cancel", tip="Import nothing (Esc)")
        self.go = push_button("Import", tip="Import as described; it can be undone", style="primary")
        self.go.setDefault(True)
        self._lay_out()
        self._timer = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._timer.timeout.connect(self._ask)
        self.format.activated.connect(lambda _: self._read_files())
        self.wins.activated.connect(lambda _: self._changed())
        self.cancel.clicked.connect(self.reject)
        self.go.clicked.connect(self.accept)
        self.resize(*_SIZE)
        self._tell()
        self._read_files()

    def _table(self, heads: tuple[str, ...], accessible: str, widths: tuple[int, ...]) -> QTableWidget:
        table = named(QTableWidget(0, len(heads)), accessible=accessible)
        table.setHorizontalHeaderLabels(list(heads))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 20)
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate(widths, start=1):
            table.setColumnWidth(column, width)
        return table

    def _lay_out(self) -> None:
        form = fields(("Format", self.format), ("Where they overlap", self.wins))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addLayout(form)
        layout.addWidget(label("Files", style="heading"))
        layout.addWidget(self.files, 3)
        layout.addWidget(label("Tiers and classes", style="heading"))
        layout.addWidget(self.tiers, 2)
        layout.addWidget(self.summary)
        layout.addWidget(self.trouble)
        layout.addLayout(buttons)

    # ------------------------------------------------------------------ files

    def _read_files(self) -> None:
        paths, name = self._paths, str(self.format.currentData())
        self.plan = None
        self._tell()

        def work(task: Task) -> tuple[Read, ...]:
            out: list[Read] = []
            for i, path in enumerate(paths):
                task.check()
                task.progress(i, len(paths))
                try:
                    out.append((path, read_labels(path, format=name)))
                except M3nError as error:
                    out.append((path, str(error)))
            return tuple(out)

        self._jobs.run("Reading labels", work, done=self._on_read, failed=self._on_failed, key="exchange.read")

    def _on_read(self, read: tuple[Read, ...]) -> None:
        self._read = read
        self.files.setRowCount(len(read))
        for row, (path, found) in enumerate(read):
            item = QTableWidgetItem(path.name)
            item.setToolTip(str(path))
            self.files.setItem(row, 0, item)
            if isinstance(found, str):
                self.files.setItem(row, 1, QTableWidgetItem("–"))
                self.files.removeCellWidget(row, 2)
                self.files.removeCellWidget(row, 3)
                item.setToolTip(found)
                continue
            self.files.setItem(row, 1, QTableWidgetItem(f"{len(found.annotations):,}"))
            self._session_row(row, path, found)
        unread = [found for _, found in read if isinstance(found, str)]
        notes = [f"{path.name}: {note}" for path, f in read if isinstance(f, LabelFile) for note in f.notes]
        texts = [f"{len(unread)} not read: {unread[0]}"] if unread else []
        self._complain(" ".join(texts + ([f"Not taken over: {'; '.join(notes[:3])}."] if notes else [])))
        self._changed()

    def _session_row(self, row: int, path: Path, found: LabelFile) -> None:
        box = combo(tip="The session these labels are of", accessible=f"Session of {path.name}", characters=10)
        subjects = {s.id: s.name for s in self._project.subjects()}
        box.addItem("leave out", "")
        for one in self._sessions.values():
            who = subjects.get(one.subject, "")
            box.addItem(f"{who}, {one.name}" if who else one.name, one.id)
        guess = session_for(self._project, path, found)
        only = self._desk_session if len(self._paths) == 1 else ""
        box.setCurrentIndex(max(box.findData(guess.id if guess is not None else only), 0))
        spin = named(
            QDoubleSpinBox(minimum=-1e7, maximum=1e7, decimals=3, suffix=" s"),
            tip="Added to the times of the file, s", accessible=f"Offset of {path.name} in seconds",
        )  # fmt: skip
        spin.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        spin.setKeyboardTracking(False)
        self.files.setCellWidget(row, 2, box)
        self.files.setCellWidget(row, 3, spin)
        self._propose(row)
        box.activated.connect(lambda _, row=row: self._on_session(row))
        spin.valueChanged.connect(lambda _: self._changed())

    def _on_session(self, row: int) -> None:
        self._propose(row)
        self._changed()

    def session_at(self, row: int) -> Session | None:
        """The session chosen for a file."""
        box = self.files.cellWidget(row, 2)
        return self._sessions.get(str(box.currentData())) if isinstance(box, QComboBox) else None

    def _propose(self, row: int) -> None:
        """Move by the difference of the clocks, where both are known."""
        found, session, spin = self._read[row][1], self.session_at(row), self.files.cellWidget(row, 3)
        if isinstance(found, LabelFile) and isinstance(spin, QDoubleSpinBox) and session is not None:
            spin.setValue(offset_for(found, session))

    # ------------------------------------------------------------------ the plan

    def _changed(self) -> None:
        self.plan = None
        self._tell()
        self._timer.start()

    def _into(self) -> list[Into]:
        out = []
        for row, (path, found) in enumerate(self._read):
            session, spin = self.session_at(row), self.files.cellWidget(row, 3)
            if isinstance(found, LabelFile) and session is not None and isinstance(spin, QDoubleSpinBox):
                out.append(Into(session, found, spin.value(), path))
        return out

    def _ask(self) -> None:
        into, project, author = self._into(), self._project, self._author
        targets, keep = dict(self._targets), bool(self.wins.currentData())
        if not into:
            self.summary.setText("Choose the session a file is of." if self._read else "")
            return

        def work(task: Task) -> ImportPlan:
            return plan_import(project, into, targets=targets, keep_mine=keep, author=author)

        self._jobs.run("Matching labels", work, done=self._on_plan, failed=self._on_failed, key="exchange.plan",
                       quiet=True)  # fmt: skip

    def _on_plan(self, plan: ImportPlan) -> None:
        self.plan = plan
        if self.trouble.text().startswith("labels:") or self.trouble.property("ofPlan"):
            self._complain("")
        self.tiers.setRowCount(len(plan.tiers))
        for row, tier in enumerate(plan.tiers):
            self._tier_row(row, tier)
        parts = [f"{plan.new:,} labels come in"]
        parts += [f"{plan.there:,} are there already"] if plan.there else []
        parts += [f"{plan.cut:,} are cut or left out"] if plan.cut else []
        parts += [f"{plan.touched:,} of the project's give way"] if plan.touched else []
        self.summary.setText("; ".join(parts) + ".")
        self._tell()

    def _tier_row(self, row: int, tier: TierMatch) -> None:
        kind = "moments" if tier.kind == "event" else "stretches"
        self.tiers.setItem(row, 0, QTableWidgetItem(f"{tier.name} ({kind})"))
        self.tiers.setItem(row, 1, QTableWidgetItem(f"{tier.count:,}"))
        box = combo(tip="The tier these labels go to", accessible=f"Tier for {tier.name}", characters=10)
        box.addItem(f"new tier {tier.becomes}" if tier.target == NEW else "a new tier", NEW)
        for own in self._project.tiers():
            if own.kind == tier.kind:
                box.addItem(own.name, own.id)
        box.addItem("leave out", SKIP)
        box.setCurrentIndex(box.findData(tier.target))
        box.activated.connect(lambda _, name=tier.name, box=box: self._on_target(name, box.currentData()))
        focused = self.tiers.cellWidget(row, 2)
        had_focus = focused is not None and focused.hasFocus()
        self.tiers.setCellWidget(row, 2, box)
        if had_focus:
            box.setFocus()
        text = classes_in_words(tier)
        item = QTableWidgetItem(text)
        item.setToolTip("\n".join(f"{c.name} → {c.becomes}{' (new)' if c.is_new else ''}" for c in tier.classes))
        self.tiers.setItem(row, 3, item)

    def _on_target(self, name: str, target: str) -> None:
        self._targets[name] = target
        self._changed()

    def _on_failed(self, error: Exception) -> None:
        self._complain(describe(error)[0])
        self.trouble.setProperty("ofPlan", True)

    def _complain(self, text: str) -> None:
        self.trouble.setProperty("ofPlan", False)
        self.trouble.setText(text)
        self.trouble.setVisible(bool(text))

    def _tell(self) -> None:
        self.go.setEnabled(self.plan is not None and bool(self.plan.changes))

    # ------------------------------------------------------------------ ending

    def accept(self) -> None:
        """Say what is wanted."""
        plan = self.plan
        if plan is None or not plan.changes:
            return
        super().accept()
        self.wanted.emit(plan)

    def done(self, result: int) -> None:
        """Ask for nothing more."""
        self._timer.stop()
        for job in self._jobs.running:
            if job.key in ("exchange.plan", "exchange.read"):
                job.cancel()
        super().done(result)


def classes_in_words(tier: TierMatch) -> str:
    """Which classes are found and which are made."""
    if tier.target == SKIP:
        return ""
    new = [c.name for c in tier.classes if c.is_new]
    known = len(tier.classes) - len(new)
    more = f" and {len(new) - _MOST_CLASSES} more" if len(new) > _MOST_CLASSES else ""
    parts = [f"{known} known"] if known else []
    return ", ".join(parts + ([f"new: {', '.join(new[:_MOST_CLASSES])}{more}"] if new else []))
