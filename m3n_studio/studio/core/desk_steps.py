"""What the desk puts on the undo stack: each step writes to the project, forth and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from m3n_studio.annotation.model import Change
    from m3n_studio.project.importing import Added
    from m3n_studio.project.values import Edit


class Writes(Protocol):
    """What writes: the desk. Each says whether it was written."""

    def write(self, session_id: str, change: Change) -> bool:
        """Labels of one session."""

    def write_all(self, changes: Sequence[tuple[str, Change]]) -> bool:
        """Labels of several, as one."""

    def write_entry(self, edit: Edit) -> bool:
        """A subject, session, label set and the like."""

    def write_entries(self, edits: Sequence[Edit]) -> bool:
        """Several, as one."""

    def do(self, work: Callable[[Any], object]) -> bool:
        """Anything else done to the project."""


@dataclass(frozen=True, eq=False)
class LabelStep:
    """A change of labels of one session; steps about the same thing are one."""

    desk: Writes
    session: str
    change: Change
    about: str = ""

    @property
    def label(self) -> str:
        """For the undo menu."""
        return self.change.label

    def redo(self) -> bool:
        """Write it."""
        return self.desk.write(self.session, self.change)

    def undo(self) -> bool:
        """Write what takes it back."""
        return self.desk.write(self.session, self.change.inverse())


@dataclass(frozen=True, eq=False)
class EntryStep:
    """A change of a subject, session, label set and the like."""

    desk: Writes
    edit: Edit

    @property
    def label(self) -> str:
        """For the undo menu."""
        return self.edit.label

    def redo(self) -> bool:
        """Write it."""
        return self.desk.write_entry(self.edit)

    def undo(self) -> bool:
        """Write what takes it back."""
        return self.desk.write_entry(self.edit.inverse())


@dataclass(frozen=True, eq=False)
class ManyStep:
    """Changes of labels of several sessions that belong together."""

    desk: Writes
    label: str
    changes: tuple[tuple[str, Change], ...]

    def redo(self) -> bool:
        """Write it."""
        return self.desk.write_all(self.changes)

    def undo(self) -> bool:
        """Write what takes it back."""
        return self.desk.write_all(tuple((session, c.inverse()) for session, c in reversed(self.changes)))


@dataclass(frozen=True, eq=False)
class EntriesStep:
    """Several changes of entries made as one."""

    desk: Writes
    label: str
    edits: tuple[Edit, ...]

    def redo(self) -> bool:
        """Write it."""
        return self.desk.write_entries(self.edits)

    def undo(self) -> bool:
        """Write what takes it back."""
        return self.desk.write_entries(tuple(edit.inverse() for edit in reversed(self.edits)))


@dataclass(frozen=True, eq=False)
class ImportStep:
    """What an import put in: entries, then labels of sessions."""

    desk: Writes
    label: str
    added: tuple[Added, ...]

    def redo(self) -> bool:
        """Write it."""
        from m3n_studio.project.importing import put_back

        return self.desk.do(lambda project: put_back(project, self.added))

    def undo(self) -> bool:
        """Write what takes it back."""
        from m3n_studio.project.importing import take_back

        return self.desk.do(lambda project: take_back(project, self.added))
