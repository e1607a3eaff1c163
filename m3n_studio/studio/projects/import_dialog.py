"""What an import would put into the project: files and their readers, what is left out and why, what the checks found.

Nothing is mended that is not ticked. The findings are looked for while one reads; one need not wait for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.project.bulk import Checked, Wish, check_files, needs_recipe, remedies
from m3n_studio.recordings.finding import Finding
from m3n_studio.recordings.folder import Item, Plan
from m3n_studio.recordings.remedies import REMEDIES
from m3n_studio.studio.core.jobs import Job, Jobs
from m3n_studio.studio.look.widgets import combo, label, named, push_button
from m3n_studio.studio.projects.worn_rows import WornRows

_SIZE = (860, 620)
_PATH = int(Qt.ItemDataRole.UserRole)
_LEVELS = {"reject": "unusable as it is", "warning": "likely wrong", "note": "good to know"}


class ImportDialog(QDialog):
    """The plan of an import.

    Parameters
    ----------
    plan : Plan
    project, label_sets
        The project's name, and the names of its label sets.

    Signals
    -------
    wanted : Wish
        The user wants this.
    recipe_wanted : Path
        The user wants to say what the columns of this table mean; the dialog stays, see :meth:`set_plan`.
    """

    wanted = Signal(object)
    recipe_wanted = Signal(object)

    def __init__(
        self, plan: Plan, jobs: Jobs, project: str, label_sets: Sequence[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Import into {project}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._jobs, self._job = jobs, None
        self.plan, self.checked = plan, {}
        self._rows: dict[Path, QTreeWidgetItem] = {}
        self._fill_choices(label_sets)
        self._build()
        screen = self.screen().availableSize()
        self.resize(min(_SIZE[0], screen.width() - 40), min(_SIZE[1], screen.height() - 60))
        self.set_plan(plan)

    _job: Job | None
    checked: dict[Path, Checked]
    _unread: set[Path]

    # ------------------------------------------------------------------ building

    def _fill_choices(self, label_sets: Sequence[str]) -> None:
        self.heading = label(style="heading", accessible="What was found")
        self.heading.setWordWrap(True)
        self.files = self._tree()
        self.labels = combo(tip="Label set that the files' own labels go into", accessible="Label set")
        for name in label_sets or ("labels",):
            self.labels.addItem(name, name)
        if "imported" not in label_sets:
            self.labels.addItem("imported (a new one)", "imported")
        self.rate = named(
            QDoubleSpinBox(minimum=0.0, maximum=1e5, decimals=3, suffix=" Hz"),
            tip="Sampling rate of files that have no times, Hz", accessible="Rate in hertz",
        )  # fmt: skip
        self.rate.setSpecialValueText("Not known")
        self.rate.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.rate_words = label("Rate of files without times", style="muted")
        self.check_note = label(style="muted", accessible="Checks")
        self.check_note.setWordWrap(True)
        self.fixes: dict[str, QCheckBox] = {}
        self.worn = WornRows()
        self.worn_note = label(
            "These files do not say where they were worn. Nothing is learned from them until it is said,"
            " here or later in the Project view.", style="muted",
        )  # fmt: skip
        self.worn_note.setWordWrap(True)
        self.recipe = push_button("Recipe…", tip="Say what the columns of a table mean: the chosen one, or the first")
        self.go = push_button("Import", tip="Put these recordings into the project", style="primary")
        self.go.setDefault(True)
        self.cancel = push_button("Cancel", tip="Import nothing (Esc)")
        self.go.clicked.connect(self._on_go)
        self.cancel.clicked.connect(self.reject)
        self.recipe.clicked.connect(self._on_recipe)
        self.rate.editingFinished.connect(self._check)
        self.files.itemChanged.connect(lambda *_: self._tell())

    def _tree(self) -> QTreeWidget:
        tree = named(QTreeWidget(), accessible="Files", tip="")
        tree.setHeaderLabels(["File", "Read as", "Subject", "Session"])
        tree.setUniformRowHeights(True)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 200), (2, 90), (3, 110)):
            header.resizeSection(column, width)
        return tree

    def _build(self) -> None:
        self._found = QVBoxLayout()
        self._found.setSpacing(4)
        self._found.setContentsMargins(0, 0, 6, 0)
        inside = QWidget()
        inside.setLayout(self._found)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        scroll.setMinimumHeight(90)
        scroll.setMaximumHeight(190)
        where, buttons = QHBoxLayout(), QHBoxLayout()
        for widget in (label("Labels go into", style="muted"), self.labels, self.rate_words, self.rate):
            where.addWidget(widget)
        where.addStretch(1)
        buttons.addWidget(self.recipe)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(10)
        layout.addWidget(self.heading)
        layout.addWidget(self.files, 1)
        layout.addWidget(label("What the checks found", style="heading"))
        layout.addWidget(self.check_note)
        layout.addWidget(scroll)
        layout.addWidget(self.worn_note)
        layout.addWidget(self.worn)
        layout.addLayout(where)
        layout.addLayout(buttons)

    # ------------------------------------------------------------------ what is shown

    def set_plan(self, plan: Plan) -> None:
        """Show another plan, e.g. after a recipe was made; the checks begin anew."""
        self.plan, self.checked, self._rows = plan, {}, {}
        self._unread = set()
        self.files.blockSignals(True)
        self.files.clear()
        base = plan.root if plan.root.is_dir() else plan.root.parent
        wanting = [s for s in plan.skipped if needs_recipe(s)]
        rest = [s for s in plan.skipped if not needs_recipe(s)]
        group = self._group(f"To import ({len(plan.items)})")
        for item in plan.items:
            self._rows[item.path] = self._file(group, item, base)
        group.setExpanded(True)
        for words, some, is_open in (("Need a recipe", wanting, True), ("Left out", rest, len(rest) <= 12)):
            if some:
                group = self._group(f"{words} ({len(some)})")
                for skipped in some:
                    row = QTreeWidgetItem(group, [_short(skipped.path, base), skipped.why.split(":")[0]])
                    row.setToolTip(0, f"{skipped.path}\n{skipped.why}")
                    row.setToolTip(1, skipped.why)
                    row.setData(0, _PATH, str(skipped.path) if needs_recipe(skipped) else "")
                    row.setFirstColumnSpanned(False)
                group.setExpanded(is_open)
        self.files.blockSignals(False)
        self.recipe.setVisible(bool(wanting))
        needs_rate = any("rate" in item.needs for item in plan.items)
        self.rate.setVisible(needs_rate)
        self.rate_words.setVisible(needs_rate)
        self._ask_where()
        self._tell()
        self._check()

    def _group(self, words: str) -> QTreeWidgetItem:
        group = QTreeWidgetItem(self.files, [words])
        font = group.font(0)
        font.setBold(True)
        group.setFont(0, font)
        group.setFirstColumnSpanned(True)
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        return group

    def _file(self, group: QTreeWidgetItem, item: Item, base: Path) -> QTreeWidgetItem:
        facts = item.facts
        row = QTreeWidgetItem(group, [_short(item.path, base), item.reader, facts.subject, facts.session])
        row.setToolTip(0, str(item.path))
        row.setCheckState(0, Qt.CheckState.Checked)
        return row

    def chosen(self) -> Plan:
        """The plan without the files that are not ticked."""
        return self.plan.without([p for p, row in self._rows.items() if row.checkState(0) != Qt.CheckState.Checked])

    def _tell(self) -> None:
        count, total = len(self.chosen().items), len(self.plan.items)
        where = self.plan.root.name
        self.heading.setText(
            f"{total} recording file{'s' * (total != 1)} found in {where}" if total
            else f"Nothing in {where} can be read as a recording"
        )  # fmt: skip
        self.go.setText(f"Import {count} file{'s' * (count != 1)}" if count else "Import")
        self.go.setEnabled(count > 0)

    # ------------------------------------------------------------------ checks

    def _check(self) -> None:
        """Look for what is odd, in the background."""
        plan, rate_hz = self.plan, self.rate.value()
        if not plan.items:
            self.check_note.setText("There is nothing to check.")
            return
        self.check_note.setText("Reading the files…")
        self._job = self._jobs.run(
            f"Checking {len(plan.items)} files", lambda task: check_files(plan, rate_hz, task), done=self._on_checked,
            failed=self._on_unchecked, key="import-check", quiet=True,
        )  # fmt: skip
        self._job.progressed.connect(self._on_progress)

    @Slot(float)
    def _on_progress(self, share: float) -> None:
        if not self.checked:
            self.check_note.setText(f"Reading the files… {share:.0%}. You can import already.")

    @Slot(object)
    def _on_unchecked(self, error: Exception) -> None:
        self.check_note.setText(f"The checks ended early: {error}")

    @Slot(object)
    def _on_checked(self, checked: list[Checked]) -> None:
        self.checked = {one.path: one for one in checked}
        self.files.blockSignals(True)
        for path, one in self.checked.items():
            row = self._rows.get(path)
            if row is None:
                continue
            if one.error:
                row.setText(1, self._why(one))
                row.setCheckState(0, Qt.CheckState.Unchecked)
                self._unread.add(path)
            elif path in self._unread:
                self._unread.discard(path)
                row.setText(1, next((i.reader for i in self.plan.items if i.path == path), ""))
                row.setCheckState(0, Qt.CheckState.Checked)
            row.setText(2, one.subject or row.text(2))
            row.setText(3, one.session or row.text(3) or path.stem)
            lines = [one.error, *(f"{f.where}: {f.what} ({f.seen})" for f in one.findings)]
            row.setToolTip(0, "\n".join([str(path), *filter(None, lines)]))
            row.setToolTip(1, row.text(1))
        self.files.blockSignals(False)
        self._show_findings(checked)
        self._ask_where()
        self._tell()

    def _ask_where(self) -> None:
        """A row for each name of recordings that do not say where they were worn, the most frequent first."""
        counts = Counter(name for one in self.checked.values() for name in set(one.unplaced)).most_common()
        words = {name: f"{name or 'Unnamed'} ({n} file{'s' * (n != 1)}) worn at" for name, n in counts}
        self.worn.show_sensors(words, self.worn.chosen())
        self.worn.setVisible(bool(words))
        self.worn_note.setVisible(bool(words))

    def _why(self, one: Checked) -> str:
        """Why a file is not read, in words for here."""
        needs = any(item.path == one.path and "rate" in item.needs for item in self.plan.items)
        if needs and not self.rate.value():
            return "needs a rate; give it below"
        return f"not read: {one.error.removeprefix(f'{one.path}: ')}"

    def _show_findings(self, checked: Sequence[Checked]) -> None:
        while (item := self._found.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        self.fixes = {}
        count = sum(any(f.level != "note" for f in one.findings) for one in checked)
        unread = sum(bool(one.error) for one in checked)
        labels = sum(one.labels for one in checked)
        words = [f"{count} of {len(checked)} files have something odd" if count else "Nothing wrong was found"]
        words += [f"{unread} cannot be read and are not ticked"] if unread else []
        words += [f"{labels} labels come with them"] if labels else []
        self.check_note.setText("; ".join(words) + "." + (
            " Nothing is changed unless you tick it." if remedies(checked) else ""))  # fmt: skip
        for fix, number in sorted(remedies(checked).items()):
            box = named(
                QCheckBox(f"{_capital(REMEDIES[fix].title)} ({number} file{'s' * (number != 1)})"),
                tip="\n".join(_lines(checked, fix)), accessible=REMEDIES[fix].title,
            )  # fmt: skip
            self.fixes[fix] = box
            self._found.addWidget(box)
        for text, tip in _others(checked):
            words_of = label(text, style="muted", tip=tip)
            words_of.setWordWrap(True)
            self._found.addWidget(words_of)
        self._found.addStretch(1)

    # ------------------------------------------------------------------ what the user wants

    def _on_recipe(self) -> None:
        row = self.files.currentItem()
        path = "" if row is None else row.data(0, _PATH)
        wanting = [s.path for s in self.plan.skipped if needs_recipe(s)]
        if path or wanting:
            self.recipe_wanted.emit(Path(path) if path else wanting[0])

    def wish(self) -> Wish:
        """What is chosen now."""
        fixes = tuple(fix for fix, box in self.fixes.items() if box.isChecked())
        return Wish(self.chosen(), fixes, self.rate.value(), self.labels.currentData(), self.worn.chosen())

    def _on_go(self) -> None:
        self.wanted.emit(self.wish())
        self.accept()

    def done(self, result: int) -> None:
        """The checks need not go on."""
        self._stop()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """The checks need not go on."""
        self._stop()
        super().closeEvent(event)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()


def _short(path: Path, base: Path) -> str:
    return str(path.relative_to(base)) if path.is_relative_to(base) else path.name


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _lines(checked: Sequence[Checked], fix: str) -> list[str]:
    found = [f"{one.path.name}: {f.what} ({f.seen})" for one in checked for f in one.findings if f.fix == fix]
    return found[:12] + ([f"and {len(found) - 12} more"] if len(found) > 12 else [])


def _others(checked: Sequence[Checked]) -> list[tuple[str, str]]:
    """Findings that nothing computed can mend, the gravest first, each kind once: words and examples."""
    kinds: dict[tuple[str, str], list[tuple[str, Finding]]] = {}
    for one in checked:
        for f in one.findings:
            if not f.fix:
                kinds.setdefault((f.level, f.code), []).append((one.path.name, f))
    order = list(_LEVELS)
    out = []
    for (level, _), some in sorted(kinds.items(), key=lambda kind: order.index(kind[0][0])):
        files = len({name for name, _ in some})
        first = some[0][1]
        tip = "\n".join(f"{name}: {f.where}: {f.seen}" for name, f in some[:12])
        words = f"{_capital(first.what)} ({files} file{'s' * (files != 1)}, {_LEVELS[level]}). {first.remedy}"
        out.append((words, tip))
    return out
