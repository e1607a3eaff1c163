"""What the desk puts on the undo stack: each step writes to the project, forth and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m3n_studio.annotation.model import Change
    from m3n_studio.project.importing import Added
    from m3n_studio.project.values import Edit
    from m3n_studio.studio.core.desk import Desk


@dataclass(frozen=True, eq=False)
class LabelStep:
    """A change of labels of one session; steps about the same thing are one."""

    desk: Desk
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

    desk: Desk
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

    desk: Desk
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

    desk: Desk
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

    desk: Desk
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
