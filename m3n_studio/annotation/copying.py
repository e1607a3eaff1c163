"""Labels copied, to another time, tier or session; classes are matched by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from m3n_studio.annotation.changes import check_there, check_times, names_of, settle
from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier, new_id, ordered
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem


@dataclass(frozen=True)
class Clipboard:
    """Copied labels and the classes they use.

    Attributes
    ----------
    annotations : tuple of Annotation
    classes : tuple of LabelClass
        Every class one of them has.
    start_s : float, s
        What a paste lays on its time: the first start, or the cursor's time at the copy.
    """

    annotations: tuple[Annotation, ...]
    classes: tuple[LabelClass, ...]
    start_s: float


def copy(track: Track, annotations: Sequence[Annotation], *, at_s: float | None = None) -> Clipboard:
    """Copy labels of a track."""
    check_there(track, annotations, "Copy")
    if not annotations:
        raise ValueProblem("Copy: nothing is selected")
    some = ordered(annotations)
    used = {a.label for a in some}
    classes = tuple(c for c in track.tier.classes if c.id in used)
    return Clipboard(some, classes, some[0].start_s if at_s is None else at_s)


def class_map(classes: Sequence[LabelClass], tier: Tier) -> tuple[dict[str, str], tuple[LabelClass, ...]]:
    """Which class of a tier stands for each of others: the same id, else the same name, else the name in other case.

    Returns
    -------
    dict from id to id, and the classes the tier does not have.
    """
    by_id = {c.id: c.id for c in tier.classes}
    by_name = {c.name: c.id for c in tier.classes}
    by_fold = {c.name.casefold(): c.id for c in reversed(tier.classes)}
    found, missing = {}, []
    for c in classes:
        match = by_id.get(c.id) or by_name.get(c.name) or by_fold.get(c.name.casefold())
        if match is None:
            missing.append(c)
        else:
            found[c.id] = match
    return found, tuple(missing)


def with_classes_of(tier: Tier, classes: Sequence[LabelClass]) -> Tier:
    """The tier with the classes it lacks added at the end, under ids and free keys of their own."""
    _, missing = class_map(classes, tier)
    keys = {c.key for c in tier.classes}
    added = []
    for c in missing:
        added.append(replace(c, key="" if c.key in keys else c.key, parent="", id=new_id()))
        keys.add(c.key)
    return replace(tier, classes=tier.classes + tuple(added))


def paste(
    track: Track,
    board: Clipboard,
    at_s: float | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    skip_missing: bool = False,
    bounds: tuple[float, float] | None = None,
) -> Change:
    """Put copies on a track, of whatever tier and session.

    Parameters
    ----------
    at_s : float, s
        Where the copies start; at the times they were copied from where None.
    mapping : dict from id to id, optional
        Class copied to class of this tier; what it does not name is matched by name.
    skip_missing : bool
        Leave out what has no class here; else `ValueProblem` names those classes (see `with_classes_of`).
    bounds : (start, end), s
        Of the session: copies outside are left out, those that reach out are shortened.
    """
    found, missing = class_map(board.classes, track.tier)
    found.update(mapping or {})
    missing = tuple(c for c in missing if c.id not in found)
    if missing and not skip_missing:
        names = ", ".join(repr(c.name) for c in missing)
        raise ValueProblem(f"Paste: tier {track.tier.name!r} has no class {names}")
    by = 0.0 if at_s is None else at_s - board.start_s
    new = []
    for a in board.annotations:
        start, end = a.start_s + by, a.end_s + by
        inside = bounds is None or (
            bounds[0] <= start <= bounds[1] if start == end else start < bounds[1] and end > bounds[0]
        )
        if a.label not in found or not inside:
            continue
        if bounds is not None:
            start, end = max(start, bounds[0]), min(end, bounds[1])
        check_times(track.tier, start, end)
        new.append(a.with_(tier=track.tier.id, label=found[a.label], start_s=start, end_s=end, id=new_id()))
    return settle(track, f"Paste {names_of(track.tier, new)}", (), new) if new else Change("Paste")
