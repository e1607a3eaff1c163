"""Proposals as a Qt model: what is decided stays in its place, what comes after it is renewed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from m3n_studio.studio.predictions.suggestion_work import Proposal

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DONE = {"accepted": "accepted", "corrected": "corrected", "rejected": "rejected"}


def headline(p: Proposal) -> str:
    """What is proposed."""
    by_kind = {
        "class": f"{p.was} → {p.label}", "swap": f"{p.was} ↔ {p.label}",
        "edge": f"{p.label}: {p.edge} to {p.to_s:.2f} s",
    }  # fmt: skip
    return by_kind.get(p.kind, p.label)


def place(p: Proposal, *, where: bool) -> str:
    """When, and in which session where that matters."""
    start, end = p.shown_s
    words = f"{start:.2f} to {end:.2f} s"
    return f"{p.where} · {words}" if where and p.where else words


def in_words(p: Proposal) -> str:
    """All of it, for a tooltip and for who cannot see the row."""
    done = f" · {_DONE[p.state]}" if p.state else ""
    return f"{headline(p)}, {p.confidence:.0%} · {place(p, where=True)} · {p.reason}{done}"


def merged(old: Sequence[Proposal], at: int, new: Sequence[Proposal]) -> tuple[list[Proposal], int]:
    """The list after new predictions, and where the current one is in it.

    What was decided stays, the current one stays as it is whatever is new, those passed over stay where they
    still stand; behind the current one comes what is new, in its order.
    """
    kept: list[Proposal] = []
    now = -1
    for i, p in enumerate(old):
        if i == at:
            now = len(kept)
            kept.append(p)
        elif p.state or (i < at and any(n.same(p) for n in new)):
            kept.append(p)
    rest = [n for n in new if not any(_is_there(n, k) for k in kept)]
    later = [k for k in kept[now + 1 :] if k.state] if now >= 0 else []
    front = kept[: now + 1] if now >= 0 else kept
    return [*front, *rest, *later], now


def _is_there(new: Proposal, kept: Proposal) -> bool:
    """Whether a proposal is in the list by another name: the same, or over the time of an undecided one."""
    if new.same(kept):
        return True
    return not new.target and not kept.target and kept.state in ("", "rejected") and new.overlap(kept) >= 0.5 and (
        not kept.state or new.label == kept.label
    )  # fmt: skip


class ProposalModel(QAbstractListModel):
    """Proposals in their order.

    Attributes
    ----------
    rows : list of Proposal
    classes : tuple of str
        Of their probabilities.
    where : bool
        Whether rows name their session.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Proposal] = []
        self.classes: tuple[str, ...] = ()
        self.where = False

    def set_rows(self, rows: Sequence[Proposal], classes: tuple[str, ...], *, where: bool) -> None:
        """Show others."""
        self.beginResetModel()
        self.rows, self.classes, self.where = list(rows), classes, where
        self.endResetModel()

    def change(self, row: int, **fields: Any) -> None:
        """Something became of one."""
        self.rows[row] = replace(self.rows[row], **fields)
        self.dataChanged.emit(self.index(row), self.index(row))

    def find(self, wanted: Callable[[Proposal], bool]) -> int:
        """The first row that is wanted; -1 where there is none."""
        return next((i for i, p in enumerate(self.rows) if wanted(p)), -1)

    def rowCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        """How many there are."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """In words; the delegate paints it."""
        words = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole)
        return in_words(self.rows[index.row()]) if role in words and index.row() < len(self.rows) else None
