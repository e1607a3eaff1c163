"""`Finding`: one odd thing about a recording, in words, with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["reject", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """What a check saw.

    Attributes
    ----------
    level : {"reject", "warning", "note"}
        Unusable as it is; likely wrong; good to know.
    code : str
        Which check, e.g. ``"copied-channels"``.
    what : str
        One sentence.
    where : str
        Signal, channel or time.
    seen : str
        The figures that led to it.
    remedy : str
        What a person can do.
    fix : str
        Name in ``remedies.REMEDIES`` of a pure function that does it; empty where none can.
    """

    level: Level
    code: str
    what: str
    where: str
    seen: str
    remedy: str
    fix: str = ""

    def line(self) -> str:
        """All of it on one line."""
        fix = f" [{self.fix}]" if self.fix else ""
        return f"{self.level}: {self.where}: {self.what} ({self.seen}). {self.remedy}{fix}"
