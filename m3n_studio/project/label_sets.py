"""Label sets and annotations in their tables. Each function works inside a transaction of its caller."""

from __future__ import annotations

import sqlite3
from typing import Any

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.errors import ValueProblem
from m3n_studio.project.database import BadRowError
from m3n_studio.project.values import Edit, LabelSet

COLUMNS = "id, tier, label, start_s, end_s, author, source, confidence, note"
#: Annotations on tiers of label sets that were not removed.
_SHOWN = "tier IN (SELECT t.id FROM tier t JOIN label_set s ON s.id = t.label_set WHERE s.removed = 0)"


def annotation(row: tuple[Any, ...]) -> Annotation:
    """The value of a row; `BadRowError` where it is none."""
    name, tier, label, start_s, end_s, author, source, confidence, note = row
    try:
        return Annotation(tier, label, start_s, end_s, author, source, confidence, note, name)
    except (ValueError, TypeError) as error:
        raise BadRowError(f"annotation {name!r}: {error}") from error


def annotation_rows(
    connection: sqlite3.Connection, session: str, tier: str | None, span: tuple[float, float] | None
) -> list[tuple[Any, ...]]:
    """A session's annotations by start, end, id, as rows; with a span those that share a moment with it.

    :func:`annotation` makes values of them, outside the transaction: whoever writes meanwhile need not wait.
    """
    where, given = [f"session = ? AND {_SHOWN}"], [session]
    if tier is not None:
        where.append("tier = ?")
        given.append(tier)
    if span is not None:
        where.append("start_s <= ? AND end_s >= ?")
        given += [span[1], span[0]]  # type: ignore[list-item]
    query = f"SELECT {COLUMNS} FROM annotation WHERE {' AND '.join(where)} ORDER BY start_s, end_s, id"  # noqa: S608
    return connection.execute(query, given).fetchall()


def apply_change(connection: sqlite3.Connection, session: str, change: Change) -> None:
    """Take away and put in, as one.

    Raises
    ------
    ValueProblem
        If one to be taken away is not as stated, one to be put in is there already, or has a class that its tier
        has not.
    """
    for gone in change.remove:
        row = connection.execute(
            f"DELETE FROM annotation WHERE id = ? AND session = ? RETURNING {COLUMNS}", (gone.id, session)  # noqa: S608
        ).fetchall()  # fmt: skip
        if not row or annotation(row[0]) != gone:
            raise ValueProblem(f"{change.label}: the annotation at {gone.start_s:.3f} s has changed in the meantime")
    for tier, label in sorted({(a.tier, a.label) for a in change.add}):
        if connection.execute("SELECT 1 FROM label_class WHERE tier = ? AND id = ?", (tier, label)).fetchone() is None:
            raise ValueProblem(f"{change.label}: the tier {tier!r} has no class {label!r}; it may have been removed")
    for new in change.add:
        try:
            connection.execute(
                f"INSERT INTO annotation (session, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (session, new.id, new.tier, new.label, float(new.start_s), float(new.end_s), new.author, new.source,
                 new.confidence, new.note),
            )  # fmt: skip
        except sqlite3.IntegrityError as error:
            if "UNIQUE" not in str(error):
                raise
            raise ValueProblem(f"{change.label}: the annotation at {new.start_s:.3f} s is there already") from error


def label_sets(connection: sqlite3.Connection, label_set: str | None = None) -> tuple[LabelSet, ...]:
    """All label sets by name, or the one of that id (none or one)."""
    where, given = ("AND id = ?", (label_set,)) if label_set is not None else ("", ())
    rows = connection.execute(
        f"SELECT id, name, note FROM label_set WHERE removed = 0 {where} ORDER BY name, id", given  # noqa: S608
    ).fetchall()  # fmt: skip
    try:
        return tuple(_label_set(connection, *row) for row in rows)
    except (ValueError, TypeError) as error:
        raise BadRowError(f"label set: {error}") from error


def _label_set(connection: sqlite3.Connection, key: str, name: str, note: str) -> LabelSet:
    tiers = connection.execute(
        "SELECT id, name, kind, exclusive FROM tier WHERE label_set = ? ORDER BY rank", (key,)
    ).fetchall()
    found = [Tier(name_, kind, bool(alone), _classes(connection, tier), tier) for tier, name_, kind, alone in tiers]
    return LabelSet(name, tuple(found), note, key)


def _classes(connection: sqlite3.Connection, tier: str) -> tuple[LabelClass, ...]:
    rows = connection.execute(
        "SELECT name, color, key, parent, note, id FROM label_class WHERE tier = ? ORDER BY rank", (tier,)
    )
    return tuple(LabelClass(*row) for row in rows)


def apply_edit(connection: sqlite3.Connection, edit: Edit) -> None:
    """Make one edit of a label set; classes and tiers that annotations use cannot be taken out of it."""
    key = edit.entry.id
    now = next(iter(label_sets(connection, key)), None)
    if now != edit.before:
        raise ValueProblem(f"{edit.label}: the label set has changed in the meantime")
    if not isinstance(edit.after, LabelSet):
        connection.execute("UPDATE label_set SET removed = 1 WHERE id = ?", (key,))
        return
    _check_parents(edit.after)
    _check_own(connection, edit.after)
    connection.execute(
        "INSERT INTO label_set (id, name, note) VALUES (?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, note = excluded.note, removed = 0",
        (key, edit.after.name, edit.after.note),
    )
    _drop_missing(connection, edit.after)
    for rank, tier in enumerate(edit.after.tiers):
        _check_kind(connection, tier)
        connection.execute(
            "INSERT INTO tier (id, label_set, name, kind, exclusive, rank) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id)"
            " DO UPDATE SET label_set = excluded.label_set, name = excluded.name, kind = excluded.kind,"
            " exclusive = excluded.exclusive, rank = excluded.rank",
            (tier.id, key, tier.name, tier.kind, tier.exclusive, rank),
        )
        for place, label in enumerate(tier.classes):
            connection.execute(
                "INSERT INTO label_class (id, tier, name, color, key, parent, note, rank)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET tier = excluded.tier,"
                " name = excluded.name, color = excluded.color, key = excluded.key, parent = excluded.parent,"
                " note = excluded.note, rank = excluded.rank",
                (label.id, tier.id, label.name, label.color, label.key, label.parent, label.note, place),
            )


def _drop_missing(connection: sqlite3.Connection, wanted: LabelSet) -> None:
    """Delete classes, then tiers, that the label set has no longer."""
    kept_tiers = {tier.id for tier in wanted.tiers}
    kept = {label.id for tier in wanted.tiers for label in tier.classes}
    rows = connection.execute(
        "SELECT c.id, c.name FROM label_class c JOIN tier t ON t.id = c.tier WHERE t.label_set = ?"
        " ORDER BY t.rank, c.rank",
        (wanted.id,),
    ).fetchall()
    for key, name in rows:
        if key in kept:
            continue
        used = connection.execute("SELECT count(*) FROM annotation WHERE label = ?", (key,)).fetchone()[0]
        if used:
            raise ValueProblem(f"the class {name!r} is used by {used} annotations; give them another one first")
        connection.execute("DELETE FROM label_class WHERE id = ?", (key,))
    for (key,) in connection.execute("SELECT id FROM tier WHERE label_set = ?", (wanted.id,)).fetchall():
        if key not in kept_tiers:
            connection.execute("DELETE FROM tier WHERE id = ?", (key,))


def _check_kind(connection: sqlite3.Connection, tier: Tier) -> None:
    """A tier with intervals on it does not become one of events."""
    if tier.kind != "event":
        return
    query = "SELECT count(*) FROM annotation WHERE tier = ? AND end_s > start_s"
    used = connection.execute(query, (tier.id,)).fetchone()[0]
    if used:
        raise ValueProblem(f"tier {tier.name!r}: {used} intervals are on it, so it cannot be one of events")


def _check_own(connection: sqlite3.Connection, wanted: LabelSet) -> None:
    """Tiers and classes stay in their label set, and classes that are used on their tier."""
    for tier in wanted.tiers:
        row = connection.execute("SELECT label_set FROM tier WHERE id = ?", (tier.id,)).fetchone()
        if row is not None and row[0] != wanted.id:
            raise ValueProblem(f"label set {wanted.name!r}: the tier {tier.name!r} is one of another label set")
        for label in tier.classes:
            row = connection.execute(
                "SELECT t.id, t.label_set FROM label_class c JOIN tier t ON t.id = c.tier WHERE c.id = ?", (label.id,)
            ).fetchone()
            if row is None or row[0] == tier.id:
                continue
            if row[1] != wanted.id:
                raise ValueProblem(f"tier {tier.name!r}: the class {label.name!r} is one of another label set")
            if connection.execute("SELECT 1 FROM annotation WHERE label = ? LIMIT 1", (label.id,)).fetchone():
                raise ValueProblem(f"tier {tier.name!r}: the class {label.name!r} is used on another tier")


def _check_parents(wanted: LabelSet) -> None:
    """Every parent is a class of the same tier, and no class is below itself."""
    for tier in wanted.tiers:
        parents = {label.id: label.parent for label in tier.classes}
        for label in tier.classes:
            seen, at = {label.id}, label.parent
            while at:
                if at in seen or at not in parents:
                    what = "is below itself" if at in seen else "has a parent that is no class of the tier"
                    raise ValueProblem(f"tier {tier.name!r}: the class {label.name!r} {what}")
                seen.add(at)
                at = parents[at]
