"""Labels of other programs into sessions: tiers and classes are matched by name, new ones are made.

:func:`plan_import` says all that would change and changes nothing; :func:`take_in` makes it so, all of it or none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from m3n_studio.annotation.changes import DUST_S, compose, settle, without
from m3n_studio.annotation.classes import free_color, free_key
from m3n_studio.annotation.copying import class_map
from m3n_studio.annotation.exchange.values import LabelFile
from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier, new_id
from m3n_studio.annotation.track import Track
from m3n_studio.errors import ValueProblem
from m3n_studio.project.label_export import epoch_of, stem_of
from m3n_studio.project.reading import ProjectReader
from m3n_studio.project.store import Project
from m3n_studio.project.values import Edit, LabelSet, Session

NEW, SKIP = "", "-"
LABEL_SET = "imported"
_SAME_S = 1e-6
_NO_EPOCH_S = 1e8


@dataclass(frozen=True)
class Into:
    """A file's labels for a session, and by how much they are moved, s."""

    session: Session
    labels: LabelFile
    offset_s: float = 0.0
    path: Path = Path()


@dataclass(frozen=True)
class ClassMatch:
    """A class of the file and the class it becomes; `is_new` where that one is made."""

    name: str
    becomes: str
    is_new: bool


@dataclass(frozen=True)
class TierMatch:
    """A tier of the files and what becomes of it.

    Attributes
    ----------
    name, kind : str
        In the file.
    count : int
        Its labels, in all files.
    target : str
        Id of a tier of the project, :data:`NEW` or :data:`SKIP`.
    becomes : str
        Name of the tier they go to; empty where they are left out.
    classes : tuple of ClassMatch
    """

    name: str
    kind: str
    count: int
    target: str
    becomes: str
    classes: tuple[ClassMatch, ...] = ()


@dataclass(frozen=True)
class ImportPlan:
    """What an import would change.

    Attributes
    ----------
    tiers : tuple of TierMatch
    edits : tuple of Edit
        Of label sets: new tiers and classes.
    changes : mapping from session id to Change
    new : int
        Labels that come in.
    there : int
        Labels left out because they are there already.
    touched : int
        Labels of the project that would be shortened, parted or taken away.
    cut : int
        Labels of the files that are shortened or left out for what is there.
    """

    tiers: tuple[TierMatch, ...] = ()
    edits: tuple[Edit, ...] = ()
    changes: Mapping[str, Change] = field(default_factory=dict)
    new: int = 0
    there: int = 0
    touched: int = 0
    cut: int = 0


def offset_for(labels: LabelFile, session: Session) -> float:
    """By how much labels are to be moved, s: the difference of the clocks where both have the time of day, else 0."""
    start = epoch_of(session)
    if labels.epoch_s is None or labels.epoch_s < _NO_EPOCH_S or start is None:
        return 0.0
    return labels.epoch_s - start


def session_for(project: ProjectReader, path: Path, labels: LabelFile) -> Session | None:
    """The session a file is of, by what it says or by its name; None where that is not clear."""
    subjects = {s.id: s.name for s in project.subjects()}
    sessions = project.sessions()
    said = [s for s in sessions if labels.session == s.name and labels.subject in ("", subjects.get(s.subject, ""))]
    if labels.session and len(said) == 1:
        return said[0]
    stem = path.stem.casefold()
    whole = [
        s for s in sessions if stem_of(subjects.get(s.subject, ""), s.name).casefold() == stem.removesuffix("_events")
    ]
    if len(whole) == 1:
        return whole[0]
    score = {s.id: _said(stem, subjects.get(s.subject, "")) + 2 * _said(stem, s.name) for s in sessions}
    best = max(score.values(), default=0)
    found = [s for s in sessions if score[s.id] == best]
    return found[0] if best >= 2 and len(found) == 1 else None


def _said(stem: str, name: str) -> bool:
    """Whether a name stands in the name of a file, as a whole word."""
    word = re.escape(name.casefold())
    return bool(name) and re.search(rf"(?<![^\W_]){word}(?![^\W_])", stem) is not None


def plan_import(
    project: ProjectReader, into: Sequence[Into], *, targets: Mapping[str, str] | None = None,
    keep_mine: bool = False, author: str = "", label_set: str = LABEL_SET,
) -> ImportPlan:  # fmt: skip
    """What taking in files of labels would change.

    Parameters
    ----------
    targets : mapping, optional
        Tier of the files (by name) to the id of one of the project's, :data:`NEW` or :data:`SKIP`; else by name.
    keep_mine : bool
        On an exclusive tier labels that are there keep their place; else the new ones win.
    author : str
        Of labels whose file names none.
    label_set : str
        Name of the label set that new tiers go to, where the project has none yet.
    """
    if len({one.session.id for one in into}) < len(into):
        raise ValueProblem("two files of labels for one session; take them in one after the other")
    maker = _Maker(project, label_set)
    held: Counter[str] = Counter()
    for one in into:
        names = {t.id: t.name for t in one.labels.tiers}
        held.update(names[a.tier] for a in one.labels.annotations)
    matches = [maker.match(t, (targets or {}).get(t.name), held[t.name]) for t in _tiers_of(into)]
    counts = {"new": 0, "there": 0, "touched": 0, "cut": 0}
    changes: dict[str, Change] = {}
    for one in into:
        change = _change(project, maker, one, keep_mine, author, counts)
        if change:
            changes[one.session.id] = change
    return ImportPlan(tuple(matches), maker.edits() if changes else (), changes, **counts)


def take_in(project: Project, plan: ImportPlan) -> None:
    """Make an import so; all of it or none."""
    project.apply(plan.edits, tuple(plan.changes.items()))


def _tiers_of(into: Iterable[Into]) -> list[Tier]:
    """The tiers of all files by name, each with the classes any file has on it."""
    out: dict[str, Tier] = {}
    for one in into:
        for tier in one.labels.tiers:
            known = out.get(tier.name)
            if known is None:
                out[tier.name] = tier
                continue
            names = {c.name for c in known.classes}
            more = tuple(replace(c, parent="", key="") for c in tier.classes if c.name not in names)
            exclusive = known.exclusive and tier.exclusive
            out[tier.name] = replace(known, classes=known.classes + more, exclusive=exclusive)
    return list(out.values())


class _Maker:
    """Finds or makes the tiers and classes labels go to."""

    def __init__(self, project: ProjectReader, label_set: str) -> None:
        self.before = {s.id: s for s in project.label_sets()}
        self.after = dict(self.before)
        self._name = label_set
        #: Tier of the files by name: the tier it becomes, or None.
        self.becomes: dict[str, Tier | None] = {}

    def edits(self) -> tuple[Edit, ...]:
        """The changes of label sets."""
        out = []
        for key, now in self.after.items():
            if self.before.get(key) != now:
                out.append(Edit("Import classes", self.before.get(key), now))
        return tuple(out)

    def match(self, tier: Tier, target: str | None, count: int) -> TierMatch:
        """What becomes of a tier of the files."""
        found = self._find(tier, target)
        if target == SKIP or (target is None and not count and found is None):
            self.becomes[tier.name] = None
            return TierMatch(tier.name, tier.kind, count, SKIP, "")
        own = found if found is not None else self._new(tier)
        known, missing = class_map(tier.classes, own)
        grown = _grown(own, missing)
        self._put(grown)
        self.becomes[tier.name] = grown
        names = {c.id: c.name for c in grown.classes}
        classes = tuple(
            ClassMatch(c.name, names[known[c.id]] if c.id in known else c.name, c.id not in known)
            for c in tier.classes
        )  # fmt: skip
        return TierMatch(tier.name, tier.kind, count, NEW if found is None else found.id, grown.name, classes)

    def _find(self, tier: Tier, target: str | None) -> Tier | None:
        if target in (NEW, SKIP):
            return None
        tiers = [t for s in self.after.values() for t in s.tiers if t.kind == tier.kind]
        if target is not None:
            found = next((t for t in tiers if t.id == target), None)
            if found is None:
                raise ValueProblem(f"tier {tier.name!r}: there is no tier of {tier.kind}s to put it on")
            return found
        same = next((t for t in tiers if t.id == tier.id), None)
        return same or next((t for t in tiers if t.name.casefold() == tier.name.casefold()), None)

    def _new(self, tier: Tier) -> Tier:
        """A tier of that name on the first label set, without classes yet."""
        if not self.after:
            made = LabelSet(self._name)
            self.after[made.id] = made
        home = next((s for s in self.after.values() if s.name == self._name), next(iter(self.after.values())))
        name, number = tier.name, 2
        while home.tier(name) is not None:
            name, number = f"{tier.name} ({number})", number + 1
        new = Tier(name, tier.kind, tier.exclusive)
        self.after[home.id] = replace(home, tiers=(*home.tiers, new))
        return new

    def _put(self, tier: Tier) -> None:
        for key, label_set in self.after.items():
            if any(t.id == tier.id for t in label_set.tiers):
                tiers = tuple(tier if t.id == tier.id else t for t in label_set.tiers)
                self.after[key] = replace(label_set, tiers=tiers)


def _grown(tier: Tier, missing: Sequence[LabelClass]) -> Tier:
    """The tier with classes it lacks, under ids of their own; colours and keys of the file where they are free."""
    out = list(tier.classes)
    ids = {c.id: new_id() for c in missing}
    for c in missing:
        taken = {k.key for k in out if k.key}
        colors = [k.color for k in out]
        key = c.key if c.key and c.key not in taken else free_key(taken, c.name)
        color = c.color if c.color.lower() not in {x.lower() for x in colors} else free_color(colors, len(out))
        out.append(LabelClass(c.name, color, key, ids.get(c.parent, ""), c.note, ids[c.id]))
    return replace(tier, classes=tuple(out))


def _change(
    project: ProjectReader, maker: _Maker, one: Into, keep_mine: bool, author: str, counts: dict[str, int]
) -> Change:
    """The change of one session."""
    mine = project.annotations(one.session.id)
    tracks: dict[str, Track] = {}
    whole = Change("Import labels")
    for tier in one.labels.tiers:
        own = maker.becomes.get(tier.name)
        if own is None:
            continue
        track = tracks.get(own.id) or Track.of(own, mine)
        known, _ = class_map(tier.classes, own)
        new = [
            replace(a, tier=own.id, label=known[a.label], start_s=a.start_s + one.offset_s,
                    end_s=a.end_s + one.offset_s, author=a.author or author, id=new_id())
            for a in one.labels.annotations if a.tier == tier.id
        ]  # fmt: skip
        fresh = _fresh(track, new, counts)
        if keep_mine and own.exclusive:
            fresh = _around(track, fresh, counts)
        change = settle(track, "Import labels", (), fresh)
        counts["touched"] += len(change.remove)
        counts["new"] += len(fresh)
        tracks[own.id] = track.after(change)
        whole = compose(whole, change, "Import labels")
    return whole


def _fresh(track: Track, new: Sequence[Annotation], counts: dict[str, int]) -> list[Annotation]:
    """Those that are not there yet, and make sense on the tier."""

    def place(a: Annotation) -> tuple[str, int, int]:
        return a.label, round(a.start_s / _SAME_S), round(a.end_s / _SAME_S)

    there = {place(a) for a in track}
    out = []
    for a in new:
        fits = a.start_s == a.end_s if track.tier.kind == "event" else a.end_s - a.start_s > DUST_S
        if place(a) in there:
            counts["there"] += 1
        elif not fits:
            counts["cut"] += 1
        else:
            there.add(place(a))
            out.append(a)
    return out


def _around(track: Track, new: Sequence[Annotation], counts: dict[str, int]) -> list[Annotation]:
    """New labels cut so that those that are there keep their place."""
    out = []
    for a in new:
        if a.start_s == a.end_s:
            pieces = [] if track.at(a.start_s) else [a]
        else:
            pieces = without(a, [(b.start_s, b.end_s) for b in track.overlapping(a.start_s, a.end_s)])
        counts["cut"] += pieces != [a]
        out += pieces
    return out
