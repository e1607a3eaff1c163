"""The undo stack: everything the user did, documents and labels alike, in the order it was done.

Documents are frozen values that share their arrays, so a step is two references; labels are on disk, so
a step is a change and its inverse. The stack has the names of Qt's own (:class:`QUndoStack`) but is plain
Python: commands that C++ owns and Python refers to in cycles bring the interpreter down when they are
collected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject, Signal, Slot

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.document import Document, Edit

_KEEP = 500


class Step(Protocol):
    """Something that was done and can be taken back."""

    @property
    def label(self) -> str:
        """For the menu."""

    def redo(self) -> bool:
        """Do it (again); False if that is impossible, and it is forgotten."""

    def undo(self) -> bool:
        """Take it back; False if that is impossible, and it is forgotten."""


@dataclass(frozen=True, eq=False)
class _Shown:
    """From one document to another; steps of one positive key are one drag."""

    label: str
    before: Document
    after: Document
    key: int
    show: Callable[[Document], None]

    def redo(self) -> bool:
        self.show(self.after)
        return True

    def undo(self) -> bool:
        self.show(self.before)
        return True


class UndoStack(QObject):
    """Steps that were made and can be made again.

    Signals
    -------
    indexChanged : int
        How many steps are made now; also where the last one has grown.
    """

    indexChanged = Signal(int)  # noqa: N815

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: list[Step] = []
        self._index = 0

    @property
    def last(self) -> Step | None:
        """The step that would be undone."""
        return self._steps[self._index - 1] if self._index else None

    def add(self, step: Step) -> None:
        """Take a step that was made already; what was undone is forgotten, the oldest too where there are too many."""
        del self._steps[self._index :]
        self._steps.append(step)
        del self._steps[:-_KEEP]
        self._set_index(len(self._steps))

    def grow(self, step: Step) -> None:
        """Put a step in the place of the last one, which was part of it; what was undone is forgotten."""
        del self._steps[max(self._index - 1, 0) :]
        self.add(step)

    def drop(self) -> None:
        """Forget the last step, which was taken back already; what was undone is forgotten."""
        del self._steps[max(self._index - 1, 0) :]
        self._set_index(len(self._steps))

    def _set_index(self, index: int) -> None:
        self._index = index
        self.indexChanged.emit(index)

    @Slot()
    def undo(self) -> None:
        """Back to before the last step."""
        if self._index:
            at = self._index = self._index - 1
            if not self._steps[at].undo():
                del self._steps[at]
            self.indexChanged.emit(self._index)

    @Slot()
    def redo(self) -> None:
        """Make the step again that was undone last."""
        if self._index < len(self._steps):
            at, self._index = self._index, self._index + 1
            if not self._steps[at].redo():
                del self._steps[at]
                self._index = at
            self.indexChanged.emit(self._index)

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
        self.stack = UndoStack(self)
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
        last, before = self.stack.last, self._document
        drags_on = isinstance(last, _Shown) and self._key > 0 and last.key == self._key
        if drags_on and isinstance(last, _Shown):
            before = last.before
        self._show(after)
        step = _Shown(edit.label, before, after, self._key, self._show)
        (self.stack.grow if drags_on else self.stack.add)(step)
        return True

    def seal(self) -> None:
        """End a drag: the next edit is a step of its own even with the same merge key."""
        self._merge = ""

    def _show(self, document: Document) -> None:
        self._document = document
        self.changed.emit(document)
