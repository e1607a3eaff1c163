"""The form of a run's settings, made from the configuration's schema: what matters on top, all of it below.

Whatever differs from the preset is marked and can be put back; a value that cannot be says why beside its field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QVBoxLayout, QWidget

from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label
from m3n_studio.studio.training.all_settings import AllSettings
from m3n_studio.studio.training.draft import Draft
from m3n_studio.studio.training.field_row import RESET_PX, TITLE_PX, FieldRow, calm

#: Fields on top, and what they are called there, by kind of run.
TOP: Mapping[str, Mapping[str, str]] = {
    "finetune": {
        "finetune.method": "Method", "finetune.freeze": "Encoder frozen", "model.classifier.experts": "Experts",
        "finetune.folds": "Folds", "finetune.optimiser.epochs": "Most epochs", "finetune.seed": "Seed",
    },
    "pretrain": {
        "finetune.method": "Method", "pretrain.optimiser.epochs": "Most epochs", "pretrain.share": "Share of clips",
        "pretrain.seed": "Seed",
    },
}  # fmt: skip
_MIXED = "multi3net_plus"


class SetupForm(QWidget):
    """Settings of a run.

    Signals
    -------
    changed : (none)
        The configuration, or what is wrong with it.
    preset_chosen, pretrained_chosen : str
        The user chose a preset's name, or the folder of a pretrained run.
    """

    changed = Signal()
    preset_chosen = Signal(str)
    pretrained_chosen = Signal(str)

    def __init__(self, draft: Draft, theme: Theme, presets: Sequence[str], methods: Mapping[str, object]) -> None:
        super().__init__()
        self.draft, self._theme, self._methods = draft, theme, methods
        self.kind = "finetune"
        self.preset = calm(combo(tip="Where the settings begin: paper (heavy on a CPU), small (for a CPU), smoke"
                                 " (seconds, to see that it works)", accessible="Preset", characters=8))  # fmt: skip
        for name in presets:
            self.preset.addItem(name.capitalize(), name)
        adopts = "A finished pretraining run, whose encoder is adopted; windows and model become as its own"
        self.pretrained = calm(combo(tip=adopts, accessible="Pretrained run", characters=8))
        self._pretrained_name = label("Pretrained run")
        self._pretrained_note = label(
            "There is no pretrained run yet: pretrain first, or choose Base, the same network from scratch.",
            style="muted",
        )  # fmt: skip
        self._pretrained_note.setWordWrap(True)
        self.rows: dict[str, FieldRow] = {}
        self.all = AllSettings(draft, theme)
        self._lay_out()
        self.preset.activated.connect(self._on_preset)
        self.pretrained.activated.connect(self._on_pretrained)
        self.all.written.connect(self._on_written)
        self.all.put_back.connect(self._on_put_back)
        self.set_kind("finetune", draft)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        head = QGridLayout()
        head.setHorizontalSpacing(6)
        head.setVerticalSpacing(5)
        head.setColumnMinimumWidth(0, TITLE_PX)
        head.setColumnStretch(1, 1)
        head.setColumnMinimumWidth(2, RESET_PX + 12)
        name = label("Preset")
        name.setBuddy(self.preset)
        self._pretrained_name.setBuddy(self.pretrained)
        head.addWidget(name, 0, 0)
        head.addWidget(self.preset, 0, 1)
        head.addWidget(self._pretrained_name, 1, 0)
        head.addWidget(self.pretrained, 1, 1)
        head.addWidget(self._pretrained_note, 2, 1)
        column.addLayout(head)
        titles = {n: t for table in TOP.values() for n, t in table.items()}
        for field, title in titles.items():
            choices = self._method_words() if field == "finetune.method" else None
            row = FieldRow(self.draft.fields[field], self._theme, title=title, choices=choices)
            row.written.connect(self._on_written)
            row.put_back.connect(self._on_put_back)
            self.rows[field] = row
            column.addWidget(row)
        column.addWidget(self.all)

    def _method_words(self) -> dict[str, str]:
        return {name: str(getattr(m, "title", name)) for name, m in self._methods.items()}

    # ------------------------------------------------------------------ what it shows

    @property
    def wants_pretrained(self) -> bool:
        """Whether the method chosen takes a pretrained encoder."""
        method = self._methods.get(str(self.draft.value("finetune.method")))
        return bool(getattr(method, "pretrained", False))

    @property
    def pretrained_path(self) -> str:
        """Folder of the run chosen; empty where the method wants none, or there is none."""
        return str(self.pretrained.currentData() or "") if self.kind == "finetune" and self.wants_pretrained else ""

    def set_kind(self, kind: str, draft: Draft) -> None:
        """Be the form of pretraining or of finetuning, each with a draft of its own."""
        self.kind, self.draft = kind, draft
        self.all.set_kind(kind, draft)
        methods = self.rows["finetune.method"].editor
        if isinstance(methods, QComboBox):  # a method that cannot be pretrained is no choice there
            methods.clear()
            for name, method in self._methods.items():
                if kind == "finetune" or getattr(method, "pretrained", False):
                    methods.addItem(str(getattr(method, "title", name)), name)
        self.show_draft()

    def set_runs(self, runs: Sequence[tuple[str, str]]) -> None:
        """The pretrained runs there are: folder and words; the one chosen stays if it is still there."""
        now = self.pretrained.currentData()
        if [self.pretrained.itemData(i) for i in range(self.pretrained.count())] == [path for path, _ in runs]:
            return
        self.pretrained.clear()
        for path, words in runs:
            self.pretrained.addItem(words, path)
        at = self.pretrained.findData(now)
        self.pretrained.setCurrentIndex(max(at, 0) if runs else -1)
        self.show_draft()

    def choose_pretrained(self, path: str) -> None:
        """Choose a pretrained run, where it is there."""
        at = self.pretrained.findData(path)
        if at >= 0:
            self.pretrained.setCurrentIndex(at)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        for row in self.rows.values():
            row.set_theme(theme)
        self.all.set_theme(theme)

    def show_draft(self) -> None:
        """Show what the draft holds."""
        draft, kind = self.draft, self.kind
        at = self.preset.findData(draft.preset)
        self.preset.setCurrentIndex(at)
        wants = kind == "finetune" and self.wants_pretrained
        there = self.pretrained.count() > 0
        self._pretrained_name.setVisible(wants)
        self.pretrained.setVisible(wants and there)
        self._pretrained_note.setVisible(wants and not there)
        hidden = set()
        if not wants:
            hidden.add("finetune.freeze")
        if draft.value("finetune.method") != _MIXED:
            hidden.add("model.classifier.experts")
        for name, row in self.rows.items():
            row.setVisible(name in TOP[kind] and name not in hidden)
            self._show_row(row)
        self.all.show_draft()

    def _show_row(self, row: FieldRow) -> None:
        name, draft = row.spec.name, self.draft
        row.show_text(draft.text(name))
        row.show_state(draft.problems.get(name, ""), draft.differs(name), draft.of_preset(name), draft.preset)

    # ------------------------------------------------------------------ what the user does

    @Slot(int)
    def _on_preset(self, _index: int) -> None:
        self.preset_chosen.emit(str(self.preset.currentData()))

    @Slot(int)
    def _on_pretrained(self, _index: int) -> None:
        self.pretrained_chosen.emit(str(self.pretrained.currentData()))

    @Slot(str, str)
    def _on_written(self, name: str, text: str) -> None:
        self.draft.write(name, text)
        self.show_draft()
        self.changed.emit()

    @Slot(str)
    def _on_put_back(self, name: str) -> None:
        self.draft.put_back(name)
        self.show_draft()
        self.changed.emit()
