"""One tier's annotations, sorted, as a value that finds and changes a few among very many quickly.

A track never changes: :meth:`Track.after` gives the next one, which shares all blocks the change did
not touch. With N annotations, looking up and changing k of them costs O(sqrt N + k).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from m3n_studio.annotation.model import Annotation, Change, Tier
from m3n_studio.errors import ValueProblem

Key = tuple[float, float, str]
_BLOCK = 256


def key_of(a: Annotation) -> Key:
    """What annotations are sorted by: start, end, id."""
    return (a.start_s, a.end_s, a.id)


@dataclass(frozen=True)
class _Block:
    items: tuple[Annotation, ...]
    keys: tuple[Key, ...]
    reach_s: float

    @staticmethod
    def of(items: tuple[Annotation, ...]) -> _Block:
        return _Block(items, tuple(map(key_of, items)), max(a.end_s for a in items))


def _blocks(items: tuple[Annotation, ...]) -> list[_Block]:
    return [_Block.of(items[i : i + _BLOCK]) for i in range(0, len(items), _BLOCK)]


@dataclass(frozen=True)
class Track:
    """The annotations of one tier of one session, by start, then end, then id.

    Attributes
    ----------
    tier : Tier
    """

    tier: Tier
    _rows: tuple[_Block, ...] = ()
    _firsts: tuple[Key, ...] = field(default=(), repr=False)
    _size: int = 0

    @staticmethod
    def of(tier: Tier, annotations: Iterable[Annotation] = ()) -> Track:
        """The track of a tier; annotations of other tiers are left aside."""
        items = tuple(sorted((a for a in annotations if a.tier == tier.id), key=key_of))
        return Track._made(tier, _blocks(items), len(items))

    @staticmethod
    def _made(tier: Tier, rows: list[_Block], size: int) -> Track:
        return Track(tier, tuple(rows), tuple(row.keys[0] for row in rows), size)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Annotation]:
        for row in self._rows:
            yield from row.items

    def __contains__(self, a: object) -> bool:
        return isinstance(a, Annotation) and self._find(a) is not None

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """All of them, in order."""
        return tuple(self)

    def with_tier(self, tier: Tier) -> Track:
        """The same annotations on a tier whose name or classes changed."""
        if tier.id != self.tier.id:
            raise ValueProblem(f"expected the tier {self.tier.name!r}; found {tier.name!r}")
        return Track(tier, self._rows, self._firsts, self._size)

    def overlapping(self, start_s: float, end_s: float) -> list[Annotation]:
        """Those with a part in [start, end), s; an event counts where its moment lies in it."""
        found = []
        for row in self._rows[: bisect_left(self._firsts, (end_s, -float("inf"), ""))]:
            if row.reach_s < start_s:
                continue
            stop = bisect_left(row.keys, (end_s, -float("inf"), ""))
            found += [a for a in row.items[:stop] if a.end_s > start_s or a.start_s == a.end_s == start_s]
        return found

    def at(self, time_s: float) -> list[Annotation]:
        """Those that hold at a moment, s: start <= t < end, and events at it."""
        found = []
        for row in self._rows[: bisect_right(self._firsts, (time_s, float("inf"), ""))]:
            if row.reach_s >= time_s:
                stop = bisect_right(row.keys, (time_s, float("inf"), ""))
                found += [a for a in row.items[:stop] if a.end_s > time_s or a.start_s == time_s]
        return found

    def starting_from(self, time_s: float) -> Iterator[Annotation]:
        """Those that start at a time, s, or later, in order."""
        low = (time_s, -float("inf"), "")
        first = max(bisect_left(self._firsts, low) - 1, 0)
        for row in self._rows[first:]:
            yield from row.items[bisect_left(row.keys, low) :]

    def starting_before(self, time_s: float) -> Iterator[Annotation]:
        """Those that start before a time, s, latest first."""
        low = (time_s, -float("inf"), "")
        for row in reversed(self._rows[: bisect_left(self._firsts, low)]):
            yield from reversed(row.items[: bisect_left(row.keys, low)])

    def edge_before(self, time_s: float) -> float | None:
        """The last start or end before a time, s; None where there is none."""
        best = -float("inf")
        for row in self._rows[: bisect_left(self._firsts, (time_s, -float("inf"), ""))]:
            if row.reach_s < time_s:
                best = max(best, row.reach_s)
            else:
                best = max(best, *(e for a in row.items for e in (a.start_s, a.end_s) if e < time_s))
        return None if best == -float("inf") else best

    def after(self, change: Change) -> Track:
        """The track once a change is made; the parts of it on other tiers are not looked at.

        Raises
        ------
        ValueProblem
            If one to be removed is not there as stated, or one to be added is there already.
        """
        rows, size = list(self._rows), self._size
        for gone in change.remove:
            if gone.tier == self.tier.id:
                _take(rows, gone, change.label)
                size -= 1
        for new in change.add:
            if new.tier == self.tier.id:
                _give(rows, new, change.label)
                size += 1
        return Track._made(self.tier, rows, size)

    def _find(self, a: Annotation) -> Annotation | None:
        row = bisect_right(self._firsts, key_of(a)) - 1
        if row < 0:
            return None
        block = self._rows[row]
        i = bisect_left(block.keys, key_of(a))
        return block.items[i] if i < len(block.items) and block.items[i] == a else None


def _row_of(rows: list[_Block], key: Key) -> int:
    return bisect_right(rows, key, key=lambda row: row.keys[0]) - 1


def _take(rows: list[_Block], gone: Annotation, label: str) -> None:
    at = _row_of(rows, key_of(gone))
    i = bisect_left(rows[at].keys, key_of(gone)) if at >= 0 else 0
    if at < 0 or i >= len(rows[at].items) or rows[at].items[i] != gone:
        raise ValueProblem(f"{label}: the annotation at {gone.start_s:.3f} s has changed in the meantime")
    left = rows[at].items[:i] + rows[at].items[i + 1 :]
    rows[at : at + 1] = [_Block.of(left)] if left else []


def _give(rows: list[_Block], new: Annotation, label: str) -> None:
    if not rows:
        rows.append(_Block.of((new,)))
        return
    at = max(_row_of(rows, key_of(new)), 0)
    i = bisect_left(rows[at].keys, key_of(new))
    if i < len(rows[at].keys) and rows[at].keys[i] == key_of(new):
        raise ValueProblem(f"{label}: the annotation at {new.start_s:.3f} s is there already")
    items = (*rows[at].items[:i], new, *rows[at].items[i:])
    half = len(items) // 2
    rows[at : at + 1] = [_Block.of(items)] if len(items) <= 2 * _BLOCK else [
        _Block.of(items[:half]), _Block.of(items[half:]),
    ]  # fmt: skip


def tracks_of(tiers: Iterable[Tier], annotations: Iterable[Annotation]) -> dict[str, Track]:
    """A track for each tier, by the tier's id, in the tiers' order."""
    by_tier: dict[str, list[Annotation]] = {}
    for a in annotations:
        by_tier.setdefault(a.tier, []).append(a)
    return {tier.id: Track.of(tier, by_tier.get(tier.id, ())) for tier in tiers}
