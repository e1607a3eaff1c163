"""The hand on the sliders: a drag solves for bodies and edits the document; letting go ends the undo step."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.body.solve import Solution
from m3n_studio.studio.attributes import attributes_model as am
from m3n_studio.studio.core.docks import ViewContext
from m3n_studio.studio.core.document import Document, set_shape

_SEAL_MS = 700


class AttributesHand(QObject):
    """What is being done to the body: one attribute at a time, or all of it.

    Attributes
    ----------
    model : BodyModel or None
        None where nothing can be done (yet).
    last : Shape or None
        What the hand gave last.
    asked : (str, float) or None
        The attribute and value that could not be reached.

    Signals
    -------
    told : str
        What was not reached; empty where all was.
    refused
        The body is the same as before, though something was asked.
    ended
        The hand let go.
    """

    told = Signal(str)
    refused = Signal()
    ended = Signal()

    def __init__(self, context: ViewContext, locked: Callable[[], tuple[str, ...]], parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._locked = context, locked
        self.document, self.model = Document(), None
        self.last: Shape | None = None
        self.asked: tuple[str, float] | None = None
        self._drag: am.Drag | None = None
        self._dragged = ""
        self._want: float | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.flush)
        self._rest = QTimer(self, singleShot=True, interval=_SEAL_MS)
        self._rest.timeout.connect(self.end)

    model: BodyModel | None

    @property
    def busy(self) -> bool:
        """Whether something is held."""
        return self._drag is not None

    def begin(self, name: str) -> None:
        """Take hold of an attribute."""
        if self.model is None:
            return
        self.end()
        self._drag = am.Drag(self.model, self.document.body, tuple(n for n in self._locked() if n != name))
        self._dragged = name

    def move(self, value: float) -> None:
        """Ask for a value, m or kg; values that come faster than they can be shown are dropped for the latest."""
        self._want = value
        self._soon.start()

    @Slot()
    def flush(self) -> None:
        """Show where the hand is now."""
        self._soon.stop()
        if self._drag is None or self._want is None:
            return
        value, self._want = self._want, None
        self.go(self._drag.to({self._dragged: value}), self._dragged, asked=value)

    def go(self, solution: Solution, name: str, *, asked: float | None = None) -> None:
        """Show a solution: the body, and what was not reached."""
        title = am.BY_NAME[name].title.lower() if name else "body"
        problem = am.shortfall(solution)
        self.last = solution.shape
        self.asked = (name, asked) if problem and asked is not None else None
        if solution.shape != self.document.body:
            self._context.edit(set_shape(solution.shape, what=title, merge=f"attribute {name}"))
        else:
            self.last = self.document.body
            self.refused.emit()
        self.told.emit(problem)

    def step(self, name: str, value: float) -> None:
        """A key, a number or a reset; a burst of them undoes as one."""
        if self.model is None:
            return
        if self._drag is None or self._dragged != name or self.document.body is not self.last:
            self.begin(name)
        self._want = value
        self.flush()
        self._rest.start()

    @Slot()
    def end(self) -> None:
        """The hand lets go: one step to undo."""
        self.flush()
        self._rest.stop()
        self._drag = None
        self._context.seal()
        self.ended.emit()

    def whole(self, solution: Solution) -> None:
        """Another body at once, as a step of its own."""
        self.end()
        self.go(solution, "")
        self._context.seal()
