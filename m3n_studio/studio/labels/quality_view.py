"""The Agreement view: what is covered, how far two sides agree, and the way through what they do not agree about."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from m3n_studio.studio.core.actions import ActionSpec
from m3n_studio.studio.core.desk import Desk
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.going import Goer
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.labels.label_tools import Toast
from m3n_studio.studio.labels.quality_paint import ConfusionMap, CoverageBars
from m3n_studio.studio.labels.quality_work import Agreement, Looked, Place, Side, compare, imbalance, look, totals
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, tool_button

_SETTLE_MS = 300
_ONE = (
    "To compare, two must have labelled the same time: a person and a model, or two people, each on a tier of their"
    " own (or on one whose labels may overlap)."
)
_LISTED = 1000


class QualityView(QWidget):
    """Coverage and agreement."""

    def __init__(self, context: ViewContext, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.desk, self._clock, self._jobs = desk, context.clock, context.jobs
        self._behind, self._by_hand = True, False
        self._looked = Looked()
        self.agreement: Agreement | None = None
        self.goer = Goer(desk, context.clock, context.selection, self)
        self._make(context.theme)
        self._lay_out()
        self.toast = Toast(self)
        self._later = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._connect()
        for back, name, words, key in (
            (False, "next_disagreement", "Next disagreement", "F4"),
            (True, "last_disagreement", "Disagreement before", "Shift+F4"),
        ):
            spec = ActionSpec(f"labels.{name}", words, "&Label", (key,), needs="session", separator_before=not back,
                              tip="Go to where the two sides compared in the Agreement view differ")  # fmt: skip
            context.add_action(spec, lambda *_, b=back: self.step(back=b))

    def _make(self, theme: Theme) -> None:
        self.scope = combo(tip="The open session, or the whole project", accessible="Which sessions")
        self.scope.addItem("This session", False)
        self.scope.addItem("Project", True)
        self.tier = combo(tip="Tier whose coverage is shown", accessible="Tier", characters=6)
        self.subject = combo(tip="Of all subjects, or of one", accessible="Subject", characters=6)
        self.bars = CoverageBars(theme)
        self.uneven = label(style="muted", accessible="How uneven the classes are")
        self.uneven.setWordWrap(True)
        self.first = combo(tip="Who is compared", accessible="First side", characters=6)
        self.second = combo(tip="With whom", accessible="Second side", characters=6)
        self.tolerance = named(QDoubleSpinBox(), accessible="Tolerance of boundaries, s",
                               tip="Boundaries this near to each other count as the same, s")  # fmt: skip
        self.tolerance.setRange(0.01, 60.0)
        self.tolerance.setValue(0.5)
        self.tolerance.setPrefix("± ")
        self.tolerance.setSuffix(" s")
        self.tolerance.setKeyboardTracking(False)
        self.tolerance.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.figures = label(accessible="Agreement in figures")
        self.figures.setWordWrap(True)
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.map = ConfusionMap(theme)
        self.map_words = label("Rows: the first side, columns: the second; % of the row's time. Click to filter.",
                               style="muted")  # fmt: skip
        self.map_words.setWordWrap(True)
        self.places = named(QListWidget(), accessible="Disagreements", tip="")
        self.places.setUniformItemSizes(True)
        self.places.setMinimumHeight(96)
        self.back = tool_button("Before", tip="Disagreement before (Shift+F4)", accessible="Disagreement before",
                                style="component")  # fmt: skip
        self.on = tool_button("Next", tip="Next disagreement (F4)", accessible="Next disagreement", style="component")
        self.place_words = label(style="muted", accessible="How many disagreements")

    def _lay_out(self) -> None:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 6, 0)
        layout.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(6)
        for box in (self.scope, self.tier, self.subject):
            head.addWidget(box, 1)
        layout.addLayout(head)
        layout.addWidget(label("Coverage", style="heading"))
        layout.addWidget(self.bars)
        layout.addWidget(self.uneven)
        layout.addSpacing(6)
        layout.addWidget(label("Agreement", style="heading"))
        sides = QGridLayout()
        sides.setHorizontalSpacing(6)
        sides.addWidget(self.first, 0, 0, 1, 3)
        for column, widget in enumerate((label("with", style="muted"), self.second, self.tolerance)):
            sides.addWidget(widget, 1, column)
        sides.setColumnStretch(1, 1)
        layout.addLayout(sides)
        layout.addWidget(self.figures)
        layout.addWidget(self.map)
        layout.addWidget(self.map_words)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.place_words, 1)
        foot.addWidget(self.back)
        foot.addWidget(self.on)
        layout.addLayout(foot)
        layout.addWidget(self.places, 1)
        scroll = QScrollArea()
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for widget in (scroll.viewport(), page):
            widget.setAutoFillBackground(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(10, 8, 6, 8)
        whole.addWidget(scroll)

    def _connect(self) -> None:
        for signal in (self.desk.session_changed, self.desk.project_changed, self.desk.tiers_changed):
            signal.connect(self._stale)
        self.desk.written.connect(self._stale)
        self._later.timeout.connect(self.refresh)
        for box in (self.scope, self.tier):
            box.activated.connect(self.refresh)
        self.subject.activated.connect(self._show_coverage)
        for box in (self.first, self.second):
            box.activated.connect(self._on_sides)
        self.tolerance.valueChanged.connect(self._compare)
        self.map.cell_chosen.connect(self._show_places)
        self.places.itemActivated.connect(self._on_item)
        self.places.itemClicked.connect(self._on_item)
        self.back.clicked.connect(lambda: self.step(back=True))
        self.on.clicked.connect(lambda: self.step(back=False))

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for picture in (self.bars, self.map):
            picture.theme = theme
            picture.update()

    # ------------------------------------------------------------------ looking

    @Slot()
    def _stale(self, *_: object) -> None:
        self._behind = True
        if self.isVisible():
            self._later.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up."""
        super().showEvent(event)
        if self._behind:
            QTimer.singleShot(0, self, self.refresh)

    def _only(self) -> str:
        return "" if self.scope.currentData() or self.desk.session is None else self.desk.session.id

    @Slot()
    def refresh(self) -> None:
        """Look again, in the background."""
        project = self.desk.project
        self._behind = False
        if project is None or (self.desk.session is None and not self.scope.currentData()):
            self._on_looked(Looked())
            return
        only, tier = self._only(), str(self.tier.currentData() or (self.desk.tier.id if self.desk.tier else ""))

        def work(task: Task) -> Looked:
            return look(project, only, tier, task)

        self._jobs.run("Looking at coverage", work, done=self._on_looked, failed=self._on_failed, key="coverage",
                       quiet=not self.scope.currentData())  # fmt: skip

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.toast.say(str(error))

    @Slot(object)
    def _on_looked(self, found: Any) -> None:
        self._looked = found
        tier = self.tier.currentData() or (self.desk.tier.id if self.desk.tier is not None else "")
        _fill(self.tier, [(t.id, t.name) for t in found.tiers], tier)
        subjects = list(dict.fromkeys(c.subject for c in found.coverage))
        _fill(self.subject, [("", "All subjects"), *((s, s) for s in subjects)], self.subject.currentData() or "")
        self.subject.setVisible(len(subjects) > 1)
        sides = found.sides
        first, second = self.first.currentData(), self.second.currentData()
        _fill(self.first, sides, first)
        _fill(self.second, sides, second)
        if found.pair is not None and (not self._by_hand or self.first.currentData() == self.second.currentData()):
            self.first.setCurrentIndex(found.pair[0])
            self.second.setCurrentIndex(found.pair[1])
        self._show_coverage()
        self._compare()

    @Slot()
    def _show_coverage(self, *_: object) -> None:
        tier = next((t for t in self._looked.tiers if t.id == self.tier.currentData()), None)
        colors = {} if tier is None else {c.name: c.color for c in tier.classes}
        rows = totals(self._looked.coverage, str(self.subject.currentData() or ""))
        self.bars.set_rows(rows, colors)
        self.uneven.setText(imbalance(rows) if rows else "Open a session of a project to see what is labelled.")

    # ------------------------------------------------------------------ comparing

    @Slot()
    def _on_sides(self, *_: object) -> None:
        """The user's choice of sides stays when labels change or the scope does."""
        self._by_hand = True
        self._compare()

    @Slot()
    def _compare(self, *_: object) -> None:
        project = self.desk.project
        a, b = self.first.currentData(), self.second.currentData()
        enough = isinstance(a, Side) and isinstance(b, Side) and a != b
        for widget in (self.first, self.second, self.tolerance):
            widget.setEnabled(self._looked.pair is not None)
        if project is None or not enough:
            several = self._looked.pair is not None
            self._on_compared(None)
            self.figures.setText("Choose two different sides." if several else _ONE)
            return
        only, tolerance = self._only(), self.tolerance.value()

        def work(task: Task) -> Agreement:
            return compare(project, only, a, b, tolerance, task)

        self._jobs.run("Comparing labels", work, done=self._on_compared, failed=self._on_failed, key="agreement",
                       quiet=not self.scope.currentData())  # fmt: skip

    @Slot(object)
    def _on_compared(self, found: Any) -> None:
        self.agreement = found
        there = isinstance(found, Agreement) and found.confusion.total_s > 0
        for widget in (self.map, self.map_words, self.back, self.on, self.place_words, self.places):
            widget.setVisible(there)
        self.map.set_confusion(found.confusion if there else None)
        if there:
            c, s = found.confusion, found.boundaries
            offset = "" if math.isnan(s.mean_offset_s) else f", the second {1000 * s.mean_offset_s:+.0f} ms"
            self.figures.setText(
                f"<b>κ {_figure(c.kappa)}</b> &nbsp; {c.agreement:.0%} of the time alike &nbsp;"
                f" <b>boundary F1 {_figure(s.f1)}</b> ({s.matched} shared of {s.first} and {s.second}{offset})"
            )
        elif found is not None:
            self.figures.setText("There is no session both have labelled.")
        self._show_places("", "")

    def listed(self) -> list[Place]:
        """The disagreements there are, of the cell chosen if one is."""
        if self.agreement is None:
            return []
        pair = self.map.chosen
        return [p for p in self.agreement.places if pair is None or (p.what.first, p.what.second) == pair]

    @Slot(object, object)
    def _show_places(self, *_: object) -> None:
        self.places.clear()
        found = self.listed()
        for place in found[:_LISTED]:
            d = place.what
            where = f"{place.where} · " if self.scope.currentData() else ""
            words = f"{where}{d.start_s:.2f} s · {d.duration_s:.2f} s · {d.first or '–'} / {d.second or '–'}"
            item = QListWidgetItem(words)
            item.setData(Qt.ItemDataRole.UserRole, place)
            item.setToolTip(f"{d.first or 'unlabelled'} against {d.second or 'unlabelled'}")
            self.places.addItem(item)
        total = 0 if self.agreement is None else self.agreement.total
        more = f", the first {_LISTED} listed" if len(found) > _LISTED else ""
        shown = f"{len(found)} of {total}" if self.map.chosen is not None else f"{total}"
        self.place_words.setText(f"{shown} disagreements{more}")

    def _on_item(self, item: QListWidgetItem) -> None:
        self._go(item.data(Qt.ItemDataRole.UserRole))

    def _go(self, place: Place) -> None:
        self.goer.go(place.session, place.what.start_s, place.what.end_s, propose=True)

    def step(self, *, back: bool) -> None:
        """Go to the next disagreement after the cursor, or to the last before it."""
        if self.agreement is None or not self.agreement.places:
            words = "There is nothing to go to: compare two sides in the Agreement view first."
            if self._behind:
                self.refresh()
                words = "Comparing… try again in a moment."
            self.toast.say(words)
            return
        found = self.listed()
        here = "" if self.desk.session is None else self.desk.session.id
        order = next((p.order for p in self.agreement.places if p.session == here), -1)
        at = (order, self._clock.time_s)
        keys = [(p.order, p.what.start_s) for p in found]
        if back:
            number = max((i for i, k in enumerate(keys) if k < (at[0], at[1] - 1e-6)), default=None)
        else:
            number = min((i for i, k in enumerate(keys) if k > (at[0], at[1] + 1e-6)), default=None)
        if number is None:
            self.toast.say(f"No disagreement {'before' if back else 'after'} the cursor.")
            return
        self.places.setCurrentRow(number)
        self._go(found[number])


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _fill(box: QComboBox, items: Any, now: object) -> None:
    """Other choices; the one made stays if it is still there."""
    box.clear()
    for value, words in items:
        box.addItem(words, value)
    found = next((i for i in range(box.count()) if box.itemData(i) == now), 0)
    box.setCurrentIndex(found if box.count() else -1)


def build(context: ViewContext) -> QWidget:
    """The Agreement dock."""
    if context.desk is None:
        return label("Labels need a window with a project.", style="muted")
    return QualityView(context, context.desk)
