"""The label list: labels of the session or the project as a table; what is chosen is gone to, and changed together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from m3n_studio.annotation import operations
from m3n_studio.annotation.model import Annotation, Change
from m3n_studio.annotation.track import Track
from m3n_studio.errors import M3nError
from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.going import Goer
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.labels.class_dialog import swatch
from m3n_studio.studio.labels.label_commands import accepted
from m3n_studio.studio.labels.label_entries import SESSION, Row, as_csv, changes_of, filtered, rows_of, session_names
from m3n_studio.studio.labels.label_filter import FilterBar
from m3n_studio.studio.labels.label_table import LabelModel, LabelTable
from m3n_studio.studio.labels.label_tools import Toast
from m3n_studio.studio.look.widgets import label, named, tool_button

_SETTLE_MS = 120
Make = Callable[[Track, list[Annotation]], Change]


class LabelList(QWidget):
    """Labels as rows."""

    def __init__(self, context: ViewContext, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.desk, self._clock, self._jobs = desk, context.clock, context.jobs
        self._rows: list[Row] = []
        self._behind = True
        self.goer = Goer(desk, context.clock, context.selection, self)
        self.filter, self.model = FilterBar(), LabelModel()
        self.table = LabelTable(self.model)
        self.count = label(style="muted", accessible="How many labels are shown")
        self.count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.delete_button = self._button("Delete", "Take the chosen labels away (Delete)", self.delete)
        self.relabel_button = self._button("Relabel", "Give the chosen labels another class", None)
        self.accept_button = self._button("Accept", "Make the chosen labels of a model your own", self.accept)
        self.copy_button = self._button("CSV", "Copy the chosen labels, or all shown, as CSV (Ctrl+C)", self.copy)
        self._later = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._lay_out()
        self.toast = Toast(self)
        self._connect()
        for back, name, words, key in (
            (False, "next_match", "Next in the list", "F3"), (True, "last_match", "Before in the list", "Shift+F3")
        ):  # fmt: skip
            spec = ActionSpec(f"labels.{name}", words, "&Label", (key,), needs="session", separator_before=not back,
                              tip="Go to the next label the list shows" if not back else
                              "Go to the label before among those the list shows")  # fmt: skip
            context.add_action(spec, lambda *_, b=back: self.step(back=b))

    def _button(self, words: str, tip: str, slot: Callable[[], object] | None) -> QToolButton:
        button = tool_button(words, tip=tip, accessible=tip, style="component")
        if slot is not None:
            button.clicked.connect(lambda: slot())
        return button

    def _lay_out(self) -> None:
        self.relabel_menu = named(QMenu(self), accessible="Classes")
        self.relabel_menu.aboutToShow.connect(self._fill_classes)
        self.relabel_button.setMenu(self.relabel_menu)
        self.relabel_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.relabel_button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.count, 1)
        for button in (self.relabel_button, self.accept_button, self.delete_button, self.copy_button):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addWidget(self.filter)
        layout.addWidget(self.table, 1)
        layout.addLayout(foot)

    def _connect(self) -> None:
        for signal in (self.desk.session_changed, self.desk.project_changed, self.desk.tiers_changed):
            signal.connect(self._stale)
        self.desk.labels_changed.connect(self._stale)
        self.desk.written.connect(self._stale)
        self._later.timeout.connect(self.refresh)
        self.filter.changed.connect(self._show)
        self.filter.scope_changed.connect(self.refresh)
        self.table.selectionModel().selectionChanged.connect(self._on_chosen)
        self.table.clicked.connect(self._on_clicked)
        self.table.activated.connect(self._on_clicked)
        self.table.go_wanted.connect(self._on_go)
        self.table.delete_wanted.connect(self.delete)
        self.table.copy_wanted.connect(self.copy)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu)
        self.model.noted.connect(self._on_noted)

    # ------------------------------------------------------------------ what is shown

    @Slot()
    def _stale(self, *_: object) -> None:
        self._behind = True
        if self.isVisible():
            self._later.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up."""
        super().showEvent(event)
        if self._behind:
            self._later.start()

    @Slot()
    def refresh(self) -> None:
        """Read the labels of the session, or of all (in the background)."""
        self._later.stop()
        self._behind = False
        project, session = self.desk.project, self.desk.session
        tiers = self.desk.tiers
        if project is None:
            self._take([])
        elif self.filter.whole_project:

            def work(task: Task) -> list[Row]:
                out: list[Row] = []
                for i, (name, where) in enumerate(session_names(project).items()):
                    task.check()
                    out += rows_of(tiers, name, where, i, project.annotations(name))
                return out

            self._jobs.run(
                "Listing labels", work, done=self._take, failed=self._on_failed, key="label list", quiet=True
            )
        elif session is None:
            self._take([])
        else:
            names = session_names(project)
            order = list(names).index(session.id)
            mine = (a for track in self.desk.tracks.values() for a in track)
            self._take(rows_of(tiers, session.id, names[session.id], order, mine))

    @Slot(object)
    def _take(self, rows: Any) -> None:
        self._rows = rows
        self.filter.offer(rows)
        self._show()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.toast.say(str(error))

    @Slot()
    def _show(self) -> None:
        chosen = {r.annotation.id for r in self.chosen()}
        self.model.writes = not self.desk.read_only
        self.table.setColumnHidden(SESSION, not self.filter.whole_project)
        self.model.set_rows(filtered(self._rows, self.filter.wanted, self.filter.words.text(), self.filter.names))
        if chosen:
            self._choose([i for i, r in enumerate(self.model.rows) if r.annotation.id in chosen])
        shown, total = len(self.model.rows), len(self._rows)
        self.count.setText(f"{total:,} labels" if shown == total else f"{shown:,} of {total:,} labels")
        self.count.setToolTip(self.count.text())
        self._tell_buttons()

    def _choose(self, rows: list[int]) -> None:
        picks = self.table.selectionModel()
        picks.blockSignals(True)
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for i in rows[:2000]:
            picks.select(self.model.index(i, 0), flags)
        picks.blockSignals(False)

    def _tell_buttons(self) -> None:
        some, writes = bool(self.chosen()), not self.desk.read_only
        for button in (self.delete_button, self.relabel_button):
            button.setEnabled(some and writes)
        self.accept_button.setEnabled(writes and any(r.annotation.source == "model" for r in self.chosen()))
        self.copy_button.setEnabled(bool(self.model.rows))

    def chosen(self) -> list[Row]:
        """The rows that are selected."""
        found = self.table.selectionModel().selectedRows()
        return [self.model.rows[i.row()] for i in found if i.row() < len(self.model.rows)]

    # ------------------------------------------------------------------ going

    @Slot()
    def _on_chosen(self, *_: object) -> None:
        self._tell_buttons()
        here = "" if self.desk.session is None else self.desk.session.id
        self.desk.pick({r.annotation.id for r in self.chosen() if r.session == here})
        if self.table.hasFocus() and len(self.chosen()) == 1:
            self._on_go()

    @Slot(QModelIndex)
    def _on_clicked(self, _index: QModelIndex) -> None:
        self._on_go()

    @Slot()
    def _on_go(self) -> None:
        chosen = self.chosen()
        if len(chosen) == 1:
            self._go(chosen[0])

    def _go(self, row: Row) -> None:
        self.goer.go(row.session, row.annotation.start_s, row.annotation.end_s, tier=row.annotation.tier,
                     pick=row.annotation.id)  # fmt: skip

    def step(self, *, back: bool) -> None:
        """Go to the next label the list shows, in time; or to the one before."""
        if self._behind:
            self.refresh()
        place = self._place()
        keyed = sorted((r.order, *_span(r), i) for i, r in enumerate(self.model.rows))
        found = [key[3] for key in keyed if (key[:3] < place if back else key[:3] > place)]
        if not found:
            self.toast.say(f"No label {'before' if back else 'after'} the cursor matches.")
            return
        at = found[-1 if back else 0]
        self.table.selectRow(at)
        self.table.scrollTo(self.model.index(at, 1))
        self._go(self.model.rows[at])

    def _place(self) -> tuple[int, float, float]:
        """Where one is: the label that is picked, else the cursor."""
        here = "" if self.desk.session is None else self.desk.session.id
        order = next((r.order for r in self._rows if r.session == here), -1)
        picked = self.desk.picked
        at = self._clock.time_s
        if len(picked) == 1 and abs(picked[0].start_s - at) < 1e-6:
            return order, picked[0].start_s, picked[0].end_s
        return order, at - 1e-9, 0.0

    # ------------------------------------------------------------------ changing

    def _apply(self, what: str, rows: list[Row], make: Make, nothing: str) -> bool:
        project = self.desk.project
        if project is None or not rows:
            self.toast.say("Choose labels in the list first.")
            return False
        here = "" if self.desk.session is None else self.desk.session.id
        try:
            changes = changes_of(project, self.desk.tracks, here, rows, make)
        except M3nError as error:
            self.toast.say(str(error))
            return False
        if not any(changes.values()):
            self.toast.say(nothing)
            return False
        if len(changes) == 1 and here in changes:
            return self.desk.annotate(changes[here])
        return self.desk.annotate_all(what, changes)

    @Slot()
    def delete(self) -> None:
        """Take the chosen labels away."""
        rows = self.chosen()
        self._apply(f"Delete {len(rows)} labels", rows, operations.delete, "Nothing to delete.")

    def relabel(self, name: str) -> None:
        """Give the chosen labels the class of that name, each on its own tier."""
        rows = [r for r in self.chosen() if _has_class(self.desk, r.annotation.tier, name)]

        def make(track: Track, some: list[Annotation]) -> Change:
            found = track.tier.by_name(name)
            return operations.relabel(track, some, found.id if found else "", author=self.desk.author)

        self._apply(f"Relabel {len(rows)} labels as {name}", rows, make, "They have that class already.")

    def accept(self) -> None:
        """Make a model's labels one's own."""
        rows = [r for r in self.chosen() if r.annotation.source == "model"]
        self._apply(f"Accept {len(rows)} labels", rows, lambda t, some: accepted(t, some, self.desk.author), "")

    @Slot(object, str)
    def _on_noted(self, row: Row, note: str) -> None:
        self._apply("Write a note", [row], lambda t, some: operations.revise(t, some, note=note), "")

    @Slot()
    def copy(self) -> None:
        """Put the chosen labels (all shown, if none) on the clipboard, as CSV."""
        rows = self.chosen() if len(self.chosen()) > 1 else self.model.rows
        QGuiApplication.clipboard().setText(as_csv(rows))
        self.toast.say(f"Copied {len(rows):,} label{'s' * (len(rows) != 1)} as CSV.")

    def _fill_classes(self) -> None:
        self.relabel_menu.clear()
        tiers = {r.annotation.tier for r in self.chosen()}
        seen = {c.name: c.color for t in self.desk.tiers if t.id in tiers for c in t.classes}
        for name, color in seen.items():
            action = self.relabel_menu.addAction(swatch(color), name.replace("&", "&&"))
            action.triggered.connect(lambda _=False, n=name: self.relabel(n))

    @Slot(QPoint)
    def _on_menu(self, at: QPoint) -> None:
        menu = named(QMenu(self), accessible="Labels")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("&Go there").triggered.connect(lambda *_: self._on_go())
        menu.addSeparator()
        menu.addMenu(self.relabel_menu).setText("&Relabel")
        for words, button in (("&Accept", self.accept_button), ("&Delete", self.delete_button),
                              ("&Copy as CSV", self.copy_button)):  # fmt: skip
            action = menu.addAction(words)
            action.setEnabled(button.isEnabled())
            action.triggered.connect(button.click)
        menu.popup(self.table.viewport().mapToGlobal(at))


def _span(row: Row) -> tuple[float, float]:
    return row.annotation.start_s, row.annotation.end_s


def _has_class(desk: Desk, tier: str, name: str) -> bool:
    track = desk.tracks.get(tier)
    return track is not None and track.tier.by_name(name) is not None


def build(context: ViewContext) -> QWidget:
    """The Label list dock."""
    if context.desk is None:
        return label("Labels need a window with a project.", style="muted")
    return LabelList(context, context.desk)
