"""What to learn from: the tier, who takes part, where they wore something; how much of each class that is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, tool_button
from m3n_studio.studio.training.data_bars import (
    FIGURES,
    PARTS,
    ROW_PX,
    Bar,
    ClassBars,
    SubjectDelegate,
    figures_text,
    minutes_text,
)
from m3n_studio.studio.training.data_work import Data, balance
from m3n_studio.studio.training.field_row import calm

_MOST_ROWS = 6


class DataSummary(QWidget):
    """The data of a finetuning.

    Signals
    -------
    tier_chosen : str
    changed : (none)
        Who takes part.
    placements_chosen : tuple of str
    """

    tier_chosen = Signal(str)
    changed = Signal()
    placements_chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.data = Data()
        self._without: set[str] = set()
        self._theme = theme
        self.tier = calm(combo(tip="The tier whose labels are learned", accessible="Tier", characters=6))
        self.summary = label(style="muted", accessible="How much is labelled")
        self.all = tool_button("All", tip="Everybody takes part", accessible="Everybody takes part", style="component")
        self.people = named(QListWidget(), accessible="Subjects who take part",
                            tip="Who takes part: tick or untick with a click or the space bar. The bar shows what each"
                            " has labelled, the figures minutes and windows")  # fmt: skip
        self.people.setUniformItemSizes(True)
        self.people.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._delegate = SubjectDelegate(theme, self.people)
        self.people.setItemDelegate(self._delegate)
        self.bars = ClassBars(theme)
        self.balance = label(style="muted", accessible="How even the classes are")
        self.balance.setWordWrap(True)
        self._places = QHBoxLayout()
        self._places.setSpacing(12)
        self._places_name = label("Worn at")
        self.placements: dict[str, QCheckBox] = {}
        self._lay_out()
        self.tier.activated.connect(self._on_tier)
        self.people.itemChanged.connect(self._on_item)
        self.all.clicked.connect(self._on_all)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.tier)
        head.addWidget(self.summary, 1)
        head.addWidget(self.all)
        column.addLayout(head)
        column.addWidget(self.people)
        column.addWidget(self.bars)
        column.addWidget(self.balance)
        places = QHBoxLayout()
        places.setSpacing(12)
        places.addWidget(self._places_name)
        places.addLayout(self._places)
        places.addStretch(1)
        column.addLayout(places)

    @property
    def without(self) -> tuple[str, ...]:
        """Subjects that take no part."""
        return tuple(s for s in self.data.subjects if s in self._without)

    def leave_out(self, subjects: Sequence[str]) -> None:
        """These take no part, the others do."""
        self._without = set(subjects)
        self._fill()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = self.bars.theme = self._delegate.theme = theme
        self.bars.update()
        self.people.viewport().update()

    def set_data(self, data: Data) -> None:
        """Show what there is."""
        self.data = data
        self._without &= set(data.subjects)
        with QSignalBlocker(self.tier):
            self.tier.clear()
            for name in data.tiers:
                self.tier.addItem(name, name)
            self.tier.setCurrentIndex(max(self.tier.findData(data.tier), 0) if data.tiers else -1)
        self.tier.setVisible(len(data.tiers) > 1)
        self._fill()

    def _fill(self) -> None:
        data = self.data
        colors = dict(data.classes)
        self._delegate.colors = colors
        self._delegate.longest = max((data.of_subject(s)[0] for s in data.subjects), default=0.0) or 1.0
        with QSignalBlocker(self.people):
            self.people.clear()
            for subject in data.subjects:
                item = QListWidgetItem(subject)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                on = subject not in self._without
                item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
                parts = {p.label: p.seconds for p in data.parts if p.subject == subject}
                ordered = tuple((name, parts[name]) for name in colors if name in parts)
                item.setData(PARTS, ordered)
                item.setData(FIGURES, figures_text(*data.of_subject(subject)))
                item.setToolTip("\n".join([subject, *(f"{name}: {minutes_text(s)}" for name, s in ordered)]))
                self.people.addItem(item)
        rows = min(max(len(data.subjects), 1), _MOST_ROWS)
        self.people.setFixedHeight(rows * (ROW_PX + 2) + 14)
        self.people.setVisible(bool(data.subjects))
        self._figures()

    def _figures(self) -> None:
        data, gone = self.data, self.without
        bars = [Bar(name, color, *data.of_class(name, gone)) for name, color in data.classes]
        self.bars.set_bars(bars)
        people = len(data.subjects) - len(gone)
        of = f" of {len(data.subjects)}" if gone else ""
        seconds, windows = sum(b.seconds for b in bars), sum(b.windows for b in bars)
        self.summary.setText(
            f"{people}{of} subjects · {minutes_text(seconds)} · about {windows:,} windows" if bars else ""
        )
        self.balance.setText(balance(data, gone))
        self.balance.setVisible(bool(self.balance.text()))
        self.all.setVisible(bool(gone))

    def set_placements(self, chosen: Sequence[str], able: Sequence[str] | None) -> None:
        """Tick where something is worn that is learned from; `able`: those a pretrained encoder knows, None: any."""
        there = [name for name, _ in self.data.placements]
        if list(self.placements) != there:
            for box in self.placements.values():
                self._places.removeWidget(box)
                box.deleteLater()
            self.placements = {}
            for name in there:
                box = QCheckBox(name.replace("_", " "))
                box.clicked.connect(self._on_placement)
                self._places.addWidget(box)
                self.placements[name] = box
        seconds = dict(self.data.placements)
        for name, box in self.placements.items():
            ok = able is None or name in able
            box.setEnabled(ok)
            box.setChecked(ok and name in chosen)
            box.setToolTip(f"{minutes_text(seconds[name])} recorded here" if ok
                           else "The pretrained run has no encoder for this place")  # fmt: skip
        self._places_name.setVisible(bool(there))

    @Slot()
    def _on_placement(self, *_: object) -> None:
        self.placements_chosen.emit(tuple(n for n, b in self.placements.items() if b.isChecked() and b.isEnabled()))

    @Slot(int)
    def _on_tier(self, _index: int) -> None:
        self.tier_chosen.emit(str(self.tier.currentData()))

    @Slot(object)
    def _on_item(self, item: QListWidgetItem) -> None:
        on = item.checkState() == Qt.CheckState.Checked
        (self._without.discard if on else self._without.add)(item.text())
        self._figures()
        self.changed.emit()

    @Slot()
    def _on_all(self) -> None:
        self.leave_out(())
        self.changed.emit()
