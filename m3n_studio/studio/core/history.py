"""The undo stack: documents before and after every edit.

Documents are frozen values that share their arrays, so a step is two references. The stack has the
names of Qt's own (:class:`QUndoStack`) but is plain Python: commands that C++ owns and Python refers to
in cycles bring the interpreter down when they are collected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.document import Document, Edit

_KEEP = 500


@dataclass(frozen=True, eq=False)
class _Step:
    """From one document to another; steps of one positive key are one drag."""

    label: str
    before: Document
    after: Document
    key: int


class UndoStack(QObject):
    """Steps that were made and can be made again.

    Signals
    -------
    indexChanged : int
        How many steps are made now; also where the last one has grown.
    """

    indexChanged = Signal(int)  # noqa: N815

    def __init__(self, show: Callable[[Document], None], parent: QObject) -> None:
        super().__init__(parent)
        self._show = show
        self._steps: list[_Step] = []
        self._index = 0

    def push(self, step: _Step) -> None:
        """Make a step; what was undone is forgotten, the oldest too where there are too many."""
        last = self._steps[self._index - 1] if self._index else None
        del self._steps[self._index :]
        if last is not None and step.key > 0 and step.key == last.key:
            self._steps[-1] = replace(last, after=step.after)
        else:
            self._steps.append(step)
            del self._steps[:-_KEEP]
        self._go(len(self._steps), step.after)

    def _go(self, index: int, document: Document) -> None:
        self._index = index
        self._show(document)
        self.indexChanged.emit(self._index)

    @Slot()
    def undo(self) -> None:
        """Back to before the last step."""
        if self._index:
            self._go(self._index - 1, self._steps[self._index - 1].before)

    @Slot()
    def redo(self) -> None:
        """Make the step again that was undone last."""
        if self._index < len(self._steps):
            self._go(self._index + 1, self._steps[self._index].after)

    def clear(self) -> None:
        """Forget all steps; the document stays."""
        self._steps, self._index = [], 0
        self.indexChanged.emit(0)

    def count(self) -> int:
        """Steps there are, undone ones too."""
        return len(self._steps)

    def index(self) -> int:
        """Steps that are made now."""
        return self._index

    def canUndo(self) -> bool:  # noqa: N802
        """Whether there is a step to undo."""
        return self._index > 0

    def canRedo(self) -> bool:  # noqa: N802
        """Whether there is a step to make again."""
        return self._index < len(self._steps)

    def undoText(self) -> str:  # noqa: N802
        """What would be undone; empty where nothing."""
        return self._steps[self._index - 1].label if self._index else ""

    def redoText(self) -> str:  # noqa: N802
        """What would be made again; empty where nothing."""
        return self._steps[self._index].label if self.canRedo() else ""


class History(QObject):
    """The document now, and all it has been.

    Signals
    -------
    changed : Document
        Another document is shown, by an edit, undo or redo.
    refused : str
        An edit could not be made, and why.
    """

    changed = Signal(object)
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stack = UndoStack(self._on_step, self)
        self._document = Document()
        self._drags = 0
        self._merge, self._key = "", 0

    @property
    def document(self) -> Document:
        """The document now."""
        return self._document

    def apply(self, edit: Edit) -> bool:
        """Make an edit; False if it was refused."""
        try:
            after = edit.change(self._document)
        except M3nError as error:
            self.refused.emit(str(error))
            return False
        if not edit.merge:
            self._key, self._merge = 0, ""
        elif edit.merge != self._merge:
            self._drags += 1
            self._key, self._merge = self._drags, edit.merge
        self.stack.push(_Step(edit.label, self._document, after, self._key))
        return True

    def seal(self) -> None:
        """End a drag: the next edit is a step of its own even with the same merge key."""
        self._merge = ""

    def _on_step(self, document: Document) -> None:
        self._document = document
        self.changed.emit(document)
