"""What was decided about a model's proposals: counted by the labels that are there, so undo counts too. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field

from m3n_studio.annotation.model import Annotation, Change

#: As many labels decided as this and training again is worth it.
ENOUGH = 10


def became(label: str, before: Annotation | None, change: Change) -> bool | None:
    """Whether a change makes a label what was decided about it, or takes that back; None: neither.

    label : its id. before : as it was when it was decided about, None where it was not there.
    """
    new = next((a for a in change.add if a.id == label), None)
    if new is not None:
        return new != before
    return False if any(a.id == label for a in change.remove) else None


@dataclass
class Tally:
    """Of one run.

    Attributes
    ----------
    made : dict of str to (str, Annotation or None)
        What was decided ("accepted", "corrected"), by the label's id, and what was there before.
    there : set of str
        Which of those hold now.
    rejected : int
    """

    made: dict[str, tuple[str, Annotation | None]] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    rejected: int = 0

    def decide(self, label: str, before: Annotation | None, what: str) -> None:
        """A proposal is about to become a label."""
        self.made[label] = (what, before)

    def follow(self, change: Change) -> None:
        """Labels changed."""
        for label in {a.id for a in (*change.remove, *change.add)} & self.made.keys():
            (self.there.add if became(label, self.made[label][1], change) else self.there.discard)(label)

    def count(self, what: str) -> int:
        """How many were accepted, or corrected."""
        return sum(self.made[i][0] == what for i in self.there)

    def words(self) -> str:
        """In one line; empty where nothing was decided."""
        good, other = self.count("accepted"), self.count("corrected")
        total = good + other + self.rejected
        if not total:
            return ""
        return f"{good} accepted · {other} corrected · {self.rejected} rejected · model right {good / total:.0%}"
