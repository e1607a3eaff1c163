"""The shape of the body: a slider per measurement, with locks, presets and comparison.

A drag is live: every move solves for the nearest plausible body and edits the document; letting
go ends the undo step. Moves that come faster than the window can show are dropped for the
latest. What cannot be reached is said, and the slider stays where the body is.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from m3n_studio.body.model import BodyModel
from m3n_studio.body.quick import quick_gauge
from m3n_studio.body.shape import Shape
from m3n_studio.errors import M3nError
from m3n_studio.studio.attributes import attributes_model as am
from m3n_studio.studio.attributes.attribute_row import AttributeRow
from m3n_studio.studio.attributes.attributes_hand import AttributesHand
from m3n_studio.studio.attributes.attributes_head import AttributesHead
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import Document, Edit, drop_ghost, keep_ghost, set_shape
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label

_NARROW = 350
_HINT = "Drag a slider; the curve behind it is how people vary. What is locked stays."


class AttributesView(QWidget):
    """Sliders for the body shown."""

    def __init__(self, context: ViewContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._theme = context, context.theme
        self._document = Document()
        self._model: BodyModel | None = None
        self._ready = False
        self._own: dict[str, float] = {}
        self._own_of: Shape | None = None
        self._narrow = False
        self.hand = AttributesHand(context, lambda: self.locked, self)
        self.hand.told.connect(self._on_told)
        self.hand.refused.connect(self._refresh)
        self.hand.ended.connect(self._on_ended)
        self._build()
        self.set_theme(context.theme)
        self._enable(False)
        if context.hints is not None:
            context.hints.changed.connect(self._on_hints)
            self._on_hints()

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 4, 8)
        layout.setSpacing(6)
        layout.addWidget(self._head())
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setHorizontalSpacing(5)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(1, 1)
        self.rows: dict[str, AttributeRow] = {}
        for at, attribute in enumerate(am.ATTRIBUTES):
            row = AttributeRow(attribute, self._theme, grid, at, inner)
            self.rows[attribute.name] = row
            self._connect(row)
        grid.setRowStretch(len(am.ATTRIBUTES), 1)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(inner)
        self._area.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)
        self.setMinimumWidth(280)
        layout.addWidget(self._area, 1)
        self.message = label(_HINT, style="muted", accessible="What the body could not reach")
        self.message.setWordWrap(True)
        self.message.setMinimumHeight(2 * self.message.fontMetrics().lineSpacing() + 2)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.message)

    def _head(self) -> AttributesHead:
        self.head = AttributesHead()
        for button, slot in (
            (self.head.randomise, self._on_randomise), (self.head.reset_all, self._on_reset_all),
            (self.head.compare, self._on_compare),
        ):  # fmt: skip
            button.clicked.connect(slot)
        self.head.menu.triggered.connect(self._on_preset)
        for action, slot in (
            (self.head.copy_action, self.copy), (self.head.paste_action, self.paste),
            (self.head.unlock_action, self.unlock),
        ):  # fmt: skip
            action.triggered.connect(slot)
        self.addActions([self.head.copy_action, self.head.paste_action])
        return self.head

    @property
    def tools(self) -> tuple[QWidget, ...]:
        """What stands in the panel's own head while this page is shown."""
        return (self.head.compare,)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Leave out what there is no room for."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        if narrow != self._narrow:
            self._narrow = narrow
            for row in self.rows.values():
                row.set_narrow(narrow)

    def _connect(self, row: AttributeRow) -> None:
        name = row.row.name
        row.pressed.connect(lambda: self.hand.begin(name))
        row.moved.connect(self.hand.move)
        row.released.connect(self.hand.end)
        row.stepped.connect(lambda value: self.hand.step(name, value))
        row.reset.connect(lambda: self.hand.step(name, self._own[name]))
        row.hint_taken.connect(lambda value: self._take(name, value))

    # ------------------------------------------------------------------ what is shown

    def set_contents(self, contents: Contents) -> None:
        """Show the body of a document."""
        before, self._document = self._document, contents.document
        self.hand.document = self._document
        model = self._document.model if self._document.clip is not None else None
        if model is not self._model:
            self._model, self.hand.model, self._ready = model, None, False
            self._enable(False)
            if model is not None:
                self._context.jobs.run(
                    "Preparing sliders", lambda task: (model, quick_gauge(model)), done=self._on_ready,
                    failed=self._on_failed, quiet=True, key="quick gauge",
                )  # fmt: skip
            return
        if self._ready and (
            before.body is not self._document.body or before.ghost is not self._document.ghost
            or before.clip is not self._document.clip
        ):  # fmt: skip
            self._refresh()

    @Slot(object)
    def _on_ready(self, made: tuple[BodyModel, object]) -> None:
        if made[0] is not self._model:
            return
        self._ready, self.hand.model = True, made[0]
        for name, scale in am.scales(made[0]).items():
            self.rows[name].set_scale(scale)
        self._enable(True)
        self._refresh()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._context.report(str(error))
        self._tell("The sliders cannot measure this body.")

    def _refresh(self) -> None:
        model, clip = self._model, self._document.clip
        if model is None or clip is None:
            return
        if self._document.body is not self.hand.last:  # undone, opened, or changed elsewhere
            self.hand.asked = None
            self._tell("")
        if clip.shape is not self._own_of:
            self._own_of, self._own = clip.shape, am.values(model, clip.shape)
        now = am.values(model, self._document.body)
        ghost = {} if self._document.ghost is None else am.values(model, self._document.ghost)
        for name, row in self.rows.items():
            asked = self.hand.asked[1] if self.hand.asked and self.hand.asked[0] == name else None
            row.show_value(now[name], own=self._own[name], ghost=ghost.get(name), asked=asked)
        self.head.compare.setChecked(bool(ghost))
        if not self.hand.busy:
            self._describe()

    def _describe(self) -> None:
        for name, row in self.rows.items():
            row.describe(self._own[name])

    def _enable(self, on: bool) -> None:
        for row in self.rows.values():
            row.set_enabled(on)
        self.head.set_enabled(on)
        self._tell("" if on else "Open a motion to shape its body.")

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self._theme = theme
        for row in self.rows.values():
            row.set_theme(theme)
        self._tell(self._problem)

    _problem = ""

    def _tell(self, problem: str) -> None:
        self._problem = problem
        self.message.setText(problem or _HINT)
        told = bool(problem) and self._ready
        self.message.setStyleSheet(f"color: {self._theme.error_text if told else self._theme.muted};")

    # ------------------------------------------------------------------ one attribute

    @Slot()
    def _on_hints(self) -> None:
        """Other views propose other ranges."""
        hints = {} if self._context.hints is None else self._context.hints.all
        for name, row in self.rows.items():
            row.show_hint(hints.get(name))
        if self._own:
            self._describe()

    def _take(self, name: str, value: float) -> None:
        """The best of a range, as a step of its own."""
        self.hand.end()
        self.hand.step(name, value)
        self.hand.end()

    @property
    def locked(self) -> tuple[str, ...]:
        """What is held."""
        return tuple(name for name, row in self.rows.items() if row.lock.isChecked())

    @Slot(str)
    def _on_told(self, problem: str) -> None:
        if problem != self._problem:
            self._tell(problem)

    @Slot()
    def _on_ended(self) -> None:
        if self._own:
            self._describe()

    # ------------------------------------------------------------------ the whole body

    @Slot(QAction)
    def _on_preset(self, action: QAction) -> None:
        if self._model is None:
            return
        if action is self.head.performer:
            self.hand.end()
            self._context.edit(Edit("Change body to the performer's", lambda d: d.with_(shape=None)))
            return
        preset = action.data()
        if not isinstance(preset, am.Preset):
            return
        locked = tuple(n for n in self.locked if n not in preset.targets)
        self.hand.whole(am.Drag(self._model, self._document.body, locked).to(preset.targets))

    @Slot()
    def _on_randomise(self) -> None:
        if self._model is None:
            return
        shape = am.randomised(
            self._model, self._document.body, self.locked, int(np.random.default_rng().integers(2**31))
        )
        self.hand.end()
        self.hand.last = shape
        self._context.edit(set_shape(shape, what="body at random"))

    @Slot()
    def _on_reset_all(self) -> None:
        clip = self._document.clip
        if self._model is None or clip is None:
            return
        self.hand.end()
        if not self.locked:
            self._context.edit(Edit("Reset body", lambda d: d.with_(shape=None)))
            return
        held = am.Drag(self._model, self._document.body, self.locked).held
        self.hand.whole(am.Drag(self._model, clip.shape).to(held))

    @Slot(bool)
    def _on_compare(self, on: bool) -> None:
        self.hand.end()
        self._context.edit(keep_ghost() if on else drop_ghost())

    @Slot()
    def copy(self) -> None:
        """Put the measurements on the clipboard."""
        if self._model is not None:
            QGuiApplication.clipboard().setText(am.to_text(am.values(self._model, self._document.body)))

    @Slot()
    def paste(self) -> None:
        """Make the body the clipboard's text asks for."""
        if self._model is None:
            return
        try:
            solution = am.from_text(
                self._model, QGuiApplication.clipboard().text(), self._document.body, self.locked
            )  # fmt: skip
        except M3nError as error:
            self._tell(f"The text on the clipboard is not a body: {error}")
            return
        self.hand.whole(solution)

    @Slot()
    def unlock(self) -> None:
        """Hold nothing."""
        for row in self.rows.values():
            row.lock.setChecked(False)
