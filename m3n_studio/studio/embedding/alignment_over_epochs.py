"""The page of epochs: how text, pose and signals of the same windows come together while a run pretrains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QStackedWidget, QVBoxLayout, QWidget

from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.embedding.alignment_paint import CurvesView, MovementView, curves
from m3n_studio.studio.embedding.similarity_busy import BusyRow, Hint, Wrapped
from m3n_studio.studio.look.icons import icon
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import combo, label, named, tool_button

if TYPE_CHECKING:
    from m3n_studio.learning.epoch_snapshots import Movement

_PLAY_MS = 350
_NUMBERS = (
    ("Matching pairs", "match", "Mean cosine similarity of two modalities of the same window; 1 is the same"),
    ("Other pairs", "other", "Mean cosine similarity of two modalities of different windows (with text: of different"
     " topics); should stay low"),
    ("R@1", "r1", "Share of windows whose nearest in the other modality is right, both directions averaged"),
    ("Effective rank", "rank", "Over how many directions a modality is spread; near 1 it has collapsed"),
    ("Uniformity", "uniformity", "Log of the mean of exp(−2 d²) between windows: 0 is one point, lower is spread out"),
)  # fmt: skip
_HEADING = "Watch modalities come together"
_NONE = (
    "This run has no snapshots of its epochs. They are kept while a run pretrains with some motions for validation"
    " and pretrain.snapshots above 0, which is so by default; runs made before, or without validation, have none."
)
_WAIT = "The first epoch is not finished yet; this follows as epochs end."


class AlignmentPage(QWidget):
    """Windows over epochs."""

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self._context = context
        self.run, self.live = "", False
        self.movement: Movement | None = None
        self._stale = False
        self._make(context.theme)
        self._lay_out()
        self._timer = QTimer(self, interval=_PLAY_MS)
        self._timer.timeout.connect(self._forward)
        self.slider.valueChanged.connect(self._on_epoch)
        self.play.toggled.connect(self._on_play)
        self.number.activated.connect(self._show_curves)
        self.curves.went.connect(self.slider.setValue)
        self.view.hovered.connect(self._on_hover)
        self.set_theme(context.theme)

    def _make(self, theme: Theme) -> None:
        self.view, self.curves = MovementView(theme), CurvesView(theme)
        self.play = tool_button(tip="Play the epochs", accessible="Play the epochs", checked=False)
        self.play.setIconSize(QSize(18, 18))
        self.slider = named(QSlider(Qt.Orientation.Horizontal), tip="Epoch", accessible="Epoch")
        self.slider.setPageStep(5)
        self.epoch = label(accessible="Epoch shown")
        self.number = combo(tip="Which numbers are drawn over epochs", accessible="Numbers", characters=12)
        for words, value, tip in _NUMBERS:
            self.number.addItem(words, value)
            self.number.setItemData(self.number.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.words = Wrapped(style="muted", accessible="What is shown")
        self.window_words = label(" ", accessible="The window pointed at")
        self.busy = BusyRow("reading epochs")
        self.hint = Hint(_HEADING, _NONE)

    def _lay_out(self) -> None:
        row, shown = QHBoxLayout(), QWidget()
        row.setSpacing(6)
        row.addWidget(self.play)
        row.addWidget(self.slider, 1)
        row.addWidget(self.epoch)
        row.addWidget(self.number)
        inside = QVBoxLayout(shown)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(6)
        inside.addWidget(self.words)
        inside.addWidget(self.view, 5)
        inside.addWidget(self.window_words)
        inside.addLayout(row)
        inside.addWidget(self.curves, 2)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.hint)
        self.stack.addWidget(shown)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.busy)
        layout.addWidget(self.stack, 1)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.view.set_theme(theme)
        self.curves.set_theme(theme)
        self._on_play(self.play.isChecked())

    def release(self) -> None:
        """Stop."""
        self._timer.stop()
        self.busy.stop()

    # ------------------------------------------------------------------ reading

    def set_run(self, path: str, live: bool) -> None:
        """Look at another run; `live`: it trains."""
        self.live = live
        if path != self.run:
            self.play.setChecked(False)
            self.run, self.movement = path, None
            self.view.set_movement(None)
            self.stack.setCurrentIndex(0)
            self._read_soon()
        elif self.movement is None:
            self._say_none()

    def epoch_ended(self, path: str) -> None:
        """A run has finished an epoch: its snapshot is there."""
        if path == self.run:
            self._read_soon()

    def _read_soon(self) -> None:
        """Read now where the page is seen, else when it is."""
        self._stale = True
        if self.isVisible():
            self._read()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Seen: read what is new."""
        super().showEvent(event)
        if self._stale:
            self._read()

    def _read(self) -> None:
        self._stale = False
        if not self.run:
            return
        run, before = self.run, self.movement

        def work(task: Task) -> tuple[str, Movement | None]:
            from m3n_studio.learning.epoch_snapshots import movement

            return run, movement(Path(run), before, progress=task.progress, cancelled=task.cancelled)

        job = self._context.jobs.run("Reading epochs", work, done=self._on_read, failed=self._on_failed,
                                     key="similarity.epochs", quiet=True)  # fmt: skip
        if before is None:
            self.busy.follow(job)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.hint.say("The epochs could not be read", str(error))
        self.stack.setCurrentIndex(0)

    def _say_none(self) -> None:
        self.hint.say(_HEADING, _WAIT if self.live else _NONE)

    @Slot(object)
    def _on_read(self, found: tuple[str, Movement | None]) -> None:
        run, movement = found
        if run != self.run:
            return
        if movement is None:
            self._say_none()
            self.stack.setCurrentIndex(0)
            return
        follow = self.movement is None or self.slider.value() >= len(self.movement.epochs) - 1
        self.movement = movement
        self.view.set_movement(movement)
        self.slider.setRange(0, len(movement.epochs) - 1)
        self._show_curves()
        self.stack.setCurrentIndex(1)
        if follow and not self.play.isChecked():
            self.slider.setValue(len(movement.epochs) - 1)
        self._on_epoch()
        self.words.setText(
            f"{len(movement.topic)} windows of validation; a line joins what belongs to one window. One PCA, fitted on"
            f" epoch {movement.epochs[-1]}: two dimensions hold {100 * movement.kept:.0f} % of its variance."
        )

    # ------------------------------------------------------------------ showing

    @Slot()
    def _show_curves(self) -> None:
        m, what = self.movement, str(self.number.currentData())
        if m is not None:
            self.curves.set_curves(m.epochs, curves(m.numbers, what), percent=what == "r1")
            self.curves.set_at(self.slider.value())

    @Slot()
    def _on_epoch(self, *_: object) -> None:
        m = self.movement
        if m is None:
            return
        at = min(self.slider.value(), len(m.epochs) - 1)
        self.view.set_at(at)
        self.curves.set_at(at)
        self.epoch.setText(f"epoch {m.epochs[at]} of {m.epochs[-1]}")
        self._on_hover(self.view.window_at)

    @Slot(int)
    def _on_hover(self, n: int) -> None:
        m = self.movement
        if m is None or not 0 <= n < len(m.topic):
            self.window_words.setText(" ")
            return
        topic = m.topics[m.topic[n]] if m.topics else f"topic {m.topic[n] + 1}"
        self.window_words.setText(f"Window {n + 1}: {topic}")

    @Slot(bool)
    def _on_play(self, on: bool) -> None:
        self.play.setIcon(icon("pause" if on else "play", self._theme))
        if not on or self.movement is None:
            self._timer.stop()
            return
        if self.slider.value() >= self.slider.maximum():
            self.slider.setValue(0)
        self._timer.start()

    @Slot()
    def _forward(self) -> None:
        if self.slider.value() >= self.slider.maximum():
            self.play.setChecked(False)
        else:
            self.slider.setValue(self.slider.value() + 1)
