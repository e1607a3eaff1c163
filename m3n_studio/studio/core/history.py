"""The undo stack: documents before and after every edit, on Qt's own QUndoStack."""

from __future__ import annotations

import itertools

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.document import Document, Edit

_KEEP = 500


class _Step(QUndoCommand):
    """From one document to another."""

    def __init__(self, history: History, edit: Edit, before: Document, after: Document, key: int) -> None:
        super().__init__(edit.label)
        self._history, self._before, self.after, self._key = history, before, after, key

    def id(self) -> int:
        """Steps with the same id may merge; -1 never does."""
        return self._key

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802
        """Take a later step of the same drag into this one."""
        if isinstance(other, _Step) and other.id() == self._key:
            self.after = other.after
            return True
        return False

    def redo(self) -> None:
        """Show what came after."""
        self._history._show(self.after)

    def undo(self) -> None:
        """Show what was before."""
        self._history._show(self._before)


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
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(_KEEP)
        self._document = Document()
        self._counter = itertools.count(1)
        self._merge, self._key = "", -1

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
            self._key, self._merge = -1, ""
        elif edit.merge != self._merge:
            self._key, self._merge = next(self._counter), edit.merge
        self.stack.push(_Step(self, edit, self._document, after, self._key))
        return True

    def seal(self) -> None:
        """End a drag: the next edit is a step of its own even with the same merge key."""
        self._merge = ""

    def _show(self, document: Document) -> None:
        self._document = document
        self.changed.emit(document)
