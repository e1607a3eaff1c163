"""What the folder import reads (:mod:`m3n_studio.recordings.folder`), as labelled recordings.

Imports of one subject and session on one clock, as of a watch on each wrist with a file each,
become one recording; where nothing states a session, every import is one. Nothing is guessed that
decides what is learned: signals of which nothing says where they were worn, and imports of which
nothing says whose they are, are left out and told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from m3n_studio.errors import FileError, UnknownName, ValueProblem
from m3n_studio.learning.windows import LabelledRecording, LabelSpan
from m3n_studio.recordings.folder import Outcome, Plan, Skipped, run
from m3n_studio.recordings.imported import Import, LabelTrack, Recorded
from m3n_studio.recordings.recipe import SUFFIX
from m3n_studio.recordings.signal import Signal

Tell = Callable[[str], None]


def imported_recordings(
    source: Path,
    plan: Plan,
    *,
    tier: str = "",
    tell: Tell = lambda _: None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[LabelledRecording]:
    """Read a plan's files; what cannot be used is told and the others go on.

    Parameters
    ----------
    source : Path
        The folder or recipe a person named; for messages.
    plan : Plan
    tier : str
        Name of the labels that are learned, as the files or the recipe call them (``"activity"``);
        where empty, those there are.
    tell : callable of str
        Told what is left out and why, and what is odd.
    progress : callable of (files done, files)
    cancelled : callable returning bool
        Asked before every file; `Cancelled` where it says so.

    Returns
    -------
    list of LabelledRecording
        By subject and name, which is ``subject/session``; times are the files' own. Signals of one
        placement in a session, as where a device was restarted, are told apart by a number.

    Raises
    ------
    FileError
        Where nothing is left, or nothing has a label; it says what was seen and what to do.
    ValueProblem, UnknownName
        Where several kinds of labels come into question, or none has the name asked for.
    """
    _tell_skipped(plan.skipped, tell)
    found = _Found(plan.root)
    for outcome in run(plan, progress=_by_number(progress), cancelled=cancelled):
        found.take(outcome, tell)
    if not found.drafts:
        silent = found.unplaced or found.nobodys
        wanted = f"who wore it and where, said {_where_to_say(source)}" if silent else "recordings that can be read"
        raise FileError(source, found=found.why_nothing(len(plan.items)), expected=wanted)
    found.tell_left_out(source, tell)
    chosen = _track(source, found.drafts, tier)
    return sorted((draft.made(chosen) for draft in found.drafts), key=lambda r: (r.subject, r.name))


@dataclass
class _Draft:
    """A recording that is being put together."""

    name: str
    subject: str
    signals: dict[str, Signal] = field(default_factory=dict)
    tracks: list[LabelTrack] = field(default_factory=list)

    def made(self, track: str) -> LabelledRecording:
        """With the labels of one name, each once: every device's file may state them."""
        runs = [run for one in self.tracks if one.name == track for run in one.runs]
        spans = dict.fromkeys(LabelSpan(run.start_s, run.stop_s, run.name) for run in runs)
        return LabelledRecording(self.name, self.subject, self.signals, tuple(sorted(spans)))


class _Found:
    """Imports by subject, session and clock, and what had to be left out."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.groups: dict[tuple[str, str, str], list[_Draft]] = {}
        self.names: Counter[str] = Counter()
        self.unplaced: Counter[str] = Counter()
        self.nobodys: list[str] = []
        self.errors: list[str] = []
        self.graves: list[str] = []
        self.odd_places: dict[str, None] = {}
        self.without_gyr = 0

    @property
    def drafts(self) -> list[_Draft]:
        """All of them, in order of appearance."""
        return [draft for drafts in self.groups.values() for draft in drafts]

    def take(self, outcome: Outcome, tell: Tell) -> None:
        """Take one file's imports, or tell why there are none."""
        file = outcome.item.path
        name = file.relative_to(self.root).as_posix() if file != self.root else file.name
        if not outcome.ok:
            self.errors.append(f"{name}: {outcome.error.removeprefix(f'{file}: ')}")
            tell(f"left out {self.errors[-1]}")
            return
        mended = outcome.item.recipe is not None and outcome.item.recipe.fixes
        if not mended:
            self.graves += [f"{name}: {one.line()}" for one in outcome.findings if one.level == "reject"][:1]
        for imported in outcome.imports:
            self._take_import(imported, name)

    def _take_import(self, imported: Import, file: str) -> None:
        recorded = [one for one in imported.recorded if len(one.signal) > 1]
        self.unplaced.update(one.signal.name for one in recorded if not one.placement)
        placed = [one for one in recorded if one.placement]
        if not imported.subject.id:
            self.nobodys.append(file)
        elif placed:
            self._put(imported, placed, file)

    def _put(self, imported: Import, placed: list[Recorded], file: str) -> None:
        """Signals of one import stay together; they join a recording that has none of their placements."""
        subject = imported.subject.id
        drafts = self.groups.setdefault((subject, imported.session or file, imported.clock), [])
        while placed:
            here = {one.placement: one for one in reversed(placed)}
            placed = [one for one in placed if here[one.placement] is not one]
            draft = next((d for d in drafts if not d.signals.keys() & here.keys()), None)
            if draft is None:
                draft = _Draft(self._name(subject, imported.session or Path(file).with_suffix("").as_posix()), subject)
                drafts.append(draft)
            draft.signals |= {place: one.signal.with_(name=place) for place, one in here.items()}
            draft.tracks += [track for track in imported.labels if track not in draft.tracks]
            self.odd_places |= dict.fromkeys(here)
            self.without_gyr += sum("gyr" in one.absent for one in here.values())

    def _name(self, subject: str, session: str) -> str:
        """``subject/session``, with a number from the second on."""
        self.names[f"{subject}/{session}"] += 1
        number = self.names[f"{subject}/{session}"]
        return f"{subject}/{session}" + (f" {number}" if number > 1 else "")

    def tell_left_out(self, source: Path, tell: Tell) -> None:
        """Say what is not used, and what is odd about what is."""
        from m3n_studio.imu.placement import PLACEMENTS

        where = _where_to_say(source)
        if self.unplaced:
            tell(f"left out, for nothing says where they were worn: {_counts(self.unplaced)}; say it {where}")
        if self.nobodys:
            tell(f"left out, for nothing says whose they are: {_some(self.nobodys)}; say it {where}")
        if odd := [place for place in self.odd_places if place not in PLACEMENTS]:
            tell(f"placements of no known name, taken as they are: {', '.join(odd)}; known are {', '.join(PLACEMENTS)}")
        if self.without_gyr:
            tell(f"no angular velocity in {counted(self.without_gyr, 'signal')}; it is taken as zero")
        if self.graves:
            tell(f"grave findings in {counted(len(self.graves))}, the first {self.graves[0]} (m3n-studio import-check)")

    def why_nothing(self, files: int) -> str:
        """What was seen where nothing can be used."""
        seen = [
            f"{len(self.errors)} cannot be read (the first: {self.errors[0]})" if self.errors else "",
            f"{len(self.nobodys)} do not say whose they are" if self.nobodys else "",
            f"no place where it was worn for {_counts(self.unplaced)}" if self.unplaced else "",
        ]
        return f"nothing to learn from in {counted(files)}: " + (", ".join(filter(None, seen)) or "none has a signal")


def _track(source: Path, drafts: list[_Draft], tier: str) -> str:
    """The name of the labels to learn."""
    names = list(dict.fromkeys(track.name for draft in drafts for track in draft.tracks if track.runs))
    if not names:
        what = "[label] with the column that says it" if _is_recipe(source) else f"labels, said {_where_to_say(source)}"
        raise FileError(source, found=f"no label in {counted(len(drafts), 'recording')}", expected=what)
    if tier and tier not in names:
        raise UnknownName("tier", tier, names)
    if not tier and len(names) > 1:
        raise ValueProblem(f"{source}: one kind of labels is needed (--tier); there are {', '.join(names)}")
    return tier or names[0]


def _tell_skipped(skipped: tuple[Skipped, ...], tell: Tell) -> None:
    """A line for each reason why files are not read."""
    reasons: dict[str, list[str]] = {}
    for one in skipped:
        if not one.path.name.endswith(SUFFIX):
            reasons.setdefault(one.why, []).append(one.path.name)
    for why, names in reasons.items():
        tell(f"not read: {_some(names)}: {why}")


def _by_number(progress: Callable[[int, int], None] | None) -> Callable[[int, int, str], None] | None:
    return None if progress is None else lambda done, total, _: progress(done, total)


def _is_recipe(source: Path) -> bool:
    return source.name.endswith(SUFFIX)


def _where_to_say(source: Path) -> str:
    """Where a person can say what files do not."""
    if _is_recipe(source):
        return (
            f'in {source.name}: placement = "left_wrist" in a [[sensor]], subject_column, or [path] with a pattern of'
            " the groups subject and placement"
        )
    return "in a recipe beside the tables (m3n-studio recipe guess), or in a project of them (m3n-studio project add)"


def counted(count: int, what: str = "file") -> str:
    """A number of things, in words."""
    return f"{count} {what}{'s' * (count != 1)}"


def _some(names: list[str], most: int = 4) -> str:
    """The first few names, and how many more."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _counts(names: Counter[str]) -> str:
    return _some([f"{count} × {name!r}" for name, count in names.most_common()])
