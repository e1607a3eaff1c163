"""The shape of the body: a slider per measurement, with locks, presets and comparison.

A drag is live: every move solves for the nearest plausible body and edits the document; letting
go ends the undo step. Moves that come faster than the window can show are dropped for the
latest. What cannot be reached is said, and the slider stays where the body is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QMenu, QScrollArea, QVBoxLayout, QWidget

from m3n_studio.body.model import BodyModel
from m3n_studio.body.quick import quick_gauge
from m3n_studio.body.shape import Shape
from m3n_studio.body.solve import Solution
from m3n_studio.errors import M3nError
from m3n_studio.studio.attributes import attributes_model as am
from m3n_studio.studio.attributes.attribute_row import AttributeRow
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import Document, Edit, drop_ghost, keep_ghost, set_shape
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, push_button, tool_button

_SEAL_MS = 700
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
        self._drag: am.Drag | None = None
        self._dragged = ""
        self._last: Shape | None = None  # what the drag gave last
        self._want: float | None = None
        self._asked: tuple[str, float] | None = None
        self._narrow = False
        self._soon = self._timer(0, self._flush)
        self._rest = self._timer(_SEAL_MS, self._end)
        self._build()
        self.set_theme(context.theme)
        self._enable(False)

    def _timer(self, interval_ms: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(slot)
        return timer

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 4, 8)
        layout.setSpacing(6)
        layout.addLayout(self._head())
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

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(5)
        head.setContentsMargins(0, 0, 8, 0)
        self.presets = push_button("Presets", tip="Sizes of people, the performer's own, and bodies as text")
        menu = QMenu(self.presets)
        for preset in am.PRESETS:
            action = menu.addAction(preset.title)
            action.setToolTip(preset.source)
            action.setData(preset)
        menu.addSeparator()
        self.performer = menu.addAction("The performer of this motion")
        menu.setToolTipsVisible(True)
        menu.triggered.connect(self._on_preset)
        self.presets.setMenu(menu)
        self.randomise = push_button("Randomise", tip="Another body of the population; what is locked stays")
        self.reset_all = push_button("Reset", tip="Everything back to the performer's; what is locked stays")
        self.compare = tool_button(
            "Compare", tip="Keep this body and its traces as a ghost beside what you change", style="component",
            accessible="Compare with this body", checked=False,
        )  # fmt: skip
        menu.addSeparator()
        self.copy_action = menu.addAction("Copy as text")
        self.paste_action = menu.addAction("Paste from text")
        self.unlock_action = menu.addAction("Unlock all")
        for action, keys, slot in (
            (self.copy_action, QKeySequence.StandardKey.Copy, self.copy),
            (self.paste_action, QKeySequence.StandardKey.Paste, self.paste),
            (self.unlock_action, None, self.unlock),
        ):
            if keys is not None:
                action.setShortcut(keys)
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                self.addAction(action)
            action.triggered.connect(slot)
        for button in (self.presets, self.randomise, self.reset_all):
            head.addWidget(button)
        head.addStretch(1)
        self.randomise.clicked.connect(self._on_randomise)
        self.reset_all.clicked.connect(self._on_reset_all)
        self.compare.clicked.connect(self._on_compare)
        return head

    @property
    def tools(self) -> tuple[QWidget, ...]:
        """What stands in the panel's own head while this page is shown."""
        return (self.compare,)

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
        row.pressed.connect(lambda: self._begin(name))
        row.moved.connect(lambda value: self._move(value))
        row.released.connect(self._end)
        row.stepped.connect(lambda value: self._step(name, value))
        row.reset.connect(lambda: self._step(name, self._own[name]))

    # ------------------------------------------------------------------ what is shown

    def set_contents(self, contents: Contents) -> None:
        """Show the body of a document."""
        before, self._document = self._document, contents.document
        model = self._document.model if self._document.clip is not None else None
        if model is not self._model:
            self._model, self._ready = model, False
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
        self._ready = True
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
        if self._document.body is not self._last:  # undone, opened, or changed elsewhere
            self._asked = None
            self._tell("")
        if clip.shape is not self._own_of:
            self._own_of, self._own = clip.shape, am.values(model, clip.shape)
        now = am.values(model, self._document.body)
        ghost = {} if self._document.ghost is None else am.values(model, self._document.ghost)
        for name, row in self.rows.items():
            asked = self._asked[1] if self._asked and self._asked[0] == name else None
            row.show_value(now[name], own=self._own[name], ghost=ghost.get(name), asked=asked)
        self.compare.setChecked(bool(ghost))
        if self._drag is None:
            self._describe()

    def _describe(self) -> None:
        for name, row in self.rows.items():
            row.describe(self._own[name])

    def _enable(self, on: bool) -> None:
        for row in self.rows.values():
            row.set_enabled(on)
        for widget in (self.presets, self.randomise, self.reset_all, self.compare):
            widget.setEnabled(on)
        for action in (self.copy_action, self.paste_action):
            action.setEnabled(on)
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

    @property
    def locked(self) -> tuple[str, ...]:
        """What is held."""
        return tuple(name for name, row in self.rows.items() if row.lock.isChecked())

    def _begin(self, name: str) -> None:
        if self._model is None or not self._ready:
            return
        self._end()
        self._drag = am.Drag(self._model, self._document.body, tuple(n for n in self.locked if n != name))
        self._dragged = name

    def _move(self, value: float) -> None:
        self._want = value
        self._soon.start()

    @Slot()
    def _flush(self) -> None:
        self._soon.stop()
        if self._drag is None or self._want is None:
            return
        value, self._want = self._want, None
        self._go(self._drag.to({self._dragged: value}), self._dragged, asked=value)

    def _go(self, solution: Solution, name: str, *, asked: float | None = None) -> None:
        """Show a solution: the body, and what was not reached."""
        title = am.BY_NAME[name].title.lower() if name else "body"
        problem = am.shortfall(solution)
        self._last = solution.shape
        self._asked = (name, asked) if problem and asked is not None else None
        if solution.shape != self._document.body:
            self._context.edit(set_shape(solution.shape, what=title, merge=f"attribute {name}"))
        else:
            self._last = self._document.body
            self._refresh()
        if problem != self._problem:
            self._tell(problem)

    def _step(self, name: str, value: float) -> None:
        """A key, a number or a reset; a burst of them undoes as one."""
        if self._model is None or not self._ready:
            return
        if self._drag is None or self._dragged != name or self._document.body is not self._last:
            self._begin(name)
        self._want = value
        self._flush()
        self._rest.start()

    @Slot()
    def _end(self) -> None:
        """The hand lets go: one step to undo."""
        self._flush()
        self._rest.stop()
        self._drag = None
        self._context.seal()
        if self._own:
            self._describe()

    # ------------------------------------------------------------------ the whole body

    def _whole(self, solution: Solution) -> None:
        self._end()
        self._go(solution, "")
        self._context.seal()

    @Slot(QAction)
    def _on_preset(self, action: QAction) -> None:
        if self._model is None:
            return
        if action is self.performer:
            self._end()
            self._context.edit(Edit("Change body to the performer's", lambda d: d.with_(shape=None)))
            return
        preset = action.data()
        if not isinstance(preset, am.Preset):
            return
        locked = tuple(n for n in self.locked if n not in preset.targets)
        self._whole(am.Drag(self._model, self._document.body, locked).to(preset.targets))

    @Slot()
    def _on_randomise(self) -> None:
        if self._model is None:
            return
        shape = am.randomised(
            self._model, self._document.body, self.locked, int(np.random.default_rng().integers(2**31))
        )
        self._end()
        self._last = shape
        self._context.edit(set_shape(shape, what="body at random"))

    @Slot()
    def _on_reset_all(self) -> None:
        clip = self._document.clip
        if self._model is None or clip is None:
            return
        self._end()
        if not self.locked:
            self._context.edit(Edit("Reset body", lambda d: d.with_(shape=None)))
            return
        held = am.Drag(self._model, self._document.body, self.locked).held
        self._whole(am.Drag(self._model, clip.shape).to(held))

    @Slot(bool)
    def _on_compare(self, on: bool) -> None:
        self._end()
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
        self._whole(solution)

    @Slot()
    def unlock(self) -> None:
        """Hold nothing."""
        for row in self.rows.values():
            row.lock.setChecked(False)
