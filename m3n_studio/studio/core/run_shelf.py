"""The training runs of the open project: where they are, how they stand, what they say; whoever makes them.

Runs lie in the project's folder ``runs``; runs elsewhere are followed where the project has an entry
(:class:`~m3n_studio.project.values.Run`) with their folder. Only files are read, so that a run of this
window, of its child process, of the command line or of another machine's share look the same.
Neither pydantic nor torch is imported before there is a run to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from m3n_studio.errors import M3nError
from m3n_studio.studio.core.desk import Desk

if TYPE_CHECKING:
    from m3n_studio.learning.events import Event, Follower

LOOK_MS = 700


@dataclass(frozen=True)
class RunEntry:
    """A run as a list shows it.

    Attributes
    ----------
    path : str
        Of its folder; identifies it.
    name : str
        Of its folder, or as the project calls it.
    kind : {"pretrain", "finetune", ""}
    method, status, created_at, message : str
        `status` as in :class:`~m3n_studio.learning.run_folder.RunState`; ``unreadable`` where it cannot be read.
    classes, placements : tuple of str
    metrics : mapping
        Its ``metrics.json``, empty before there is one.
    elsewhere : bool
        Outside the project's folder.
    """

    path: str
    name: str
    kind: str = ""
    method: str = ""
    status: str = "unreadable"
    created_at: str = ""
    message: str = ""
    classes: tuple[str, ...] = ()
    placements: tuple[str, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: bool = False

    @property
    def live(self) -> bool:
        """Whether a process is at it."""
        return self.status == "running"


class RunShelf(QObject):
    """All runs of the open project.

    Signals
    -------
    changed : (none)
        Which runs there are, or how one stands.
    told : str, tuple of Event
        A run (its path) said something new; only of runs that are live or :meth:`watch`ed.
    epoch_ended : str
        A live run (its path) has finished an epoch, or is seen to be live: its checkpoints are new.
    """

    changed = Signal()
    told = Signal(str, object)
    epoch_ended = Signal(str)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._entries: dict[str, RunEntry] = {}
        self._stamps: dict[str, tuple[int, ...]] = {}
        self._followers: dict[str, Follower] = {}
        self._watched: set[str] = set()
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        desk.project_changed.connect(self._on_project)

    @property
    def home(self) -> Path | None:
        """Where new runs of the project go; None without a project."""
        from m3n_studio.project.store import RUNS

        return None if self._desk.project is None else self._desk.project.folder / RUNS

    @property
    def entries(self) -> tuple[RunEntry, ...]:
        """All runs, the newest first."""
        return tuple(sorted(self._entries.values(), key=lambda e: (e.created_at, e.name), reverse=True))

    def entry(self, path: str | Path) -> RunEntry | None:
        """The run in a folder."""
        return self._entries.get(str(path))

    def watch(self, path: str | Path, on: bool = True) -> None:
        """Hear all a run has said and says from now on, live or not; or no longer."""
        if on:
            self._watched.add(str(path))
            self._followers.pop(str(path), None)  # from its first event on
            QTimer.singleShot(0, self, self.look)
        else:
            self._watched.discard(str(path))

    @Slot()
    def _on_project(self) -> None:
        if self._desk.project is None:
            self._timer.stop()
            self._entries, self._stamps, self._followers = {}, {}, {}
            self._watched.clear()
            self.changed.emit()
            return
        self._timer.start()
        self.look()

    @Slot()
    def look(self) -> None:
        """Look at the folders again; cheap, as only what has changed is read."""
        found = self._folders()
        different = set(found) != set(self._entries)
        for path in set(self._entries) - set(found):
            self._entries.pop(path)
            self._stamps.pop(path, None)
            self._followers.pop(path, None)
        for path, (name, elsewhere) in found.items():
            stamp = _stamp(Path(path))
            old = self._entries.get(path)
            if old is None or stamp != self._stamps.get(path) or old.live or old.name != name:
                self._stamps[path], new = stamp, _entry(path, name, elsewhere)
                different |= new != old
                self._entries[path] = new
        if different:
            self.changed.emit()
        for path, entry in tuple(self._entries.items()):
            if entry.live or path in self._watched or path in self._followers:
                self._listen(path)
                if not entry.live and path not in self._watched:
                    self._followers.pop(path, None)

    def _listen(self, path: str) -> None:
        from m3n_studio.learning.events import Epoch, follow

        entry = self._entries[path]
        try:
            follower = self._followers.get(path)
            seen_before = follower is not None
            if follower is None:
                follower = self._followers[path] = follow(path)
                if path not in self._watched:  # a long run has said much, and views read it themselves
                    follower.skip()
            events: tuple[Event, ...] = follower.new()
        except M3nError:
            return
        if events:
            self.told.emit(path, events)
        if entry.live and (not seen_before or any(isinstance(e.message, Epoch) for e in events)):
            self.epoch_ended.emit(path)

    def _folders(self) -> dict[str, tuple[str, bool]]:
        """Paths of runs, their names, and whether they are elsewhere."""
        project, home = self._desk.project, self.home
        if project is None or home is None:
            return {}
        found: dict[str, tuple[str, bool]] = {}
        if home.is_dir():
            for path in home.iterdir():
                if (path / "run.json").is_file():
                    found[str(path)] = (path.name, False)
        for run in project.runs():
            if run.folder:
                path = project.folder / run.folder
                found[str(path)] = (run.name, not path.is_relative_to(project.folder))
        return found


def _stamp(path: Path) -> tuple[int, ...]:
    out = []
    for name in ("run.json", "state.json", "metrics.json"):
        try:
            out.append((path / name).stat().st_mtime_ns)
        except OSError:
            out.append(0)
    return tuple(out)


def _entry(path: str, name: str, elsewhere: bool) -> RunEntry:
    from m3n_studio.learning.run_folder import RunFolder

    try:
        run = RunFolder.open(path)
        about, state, metrics = run.about, run.state, run.metrics
    except M3nError as error:
        return RunEntry(path, name, message=str(error), elsewhere=elsewhere)
    facts = about.facts
    return RunEntry(
        path, name, about.kind, str(facts.get("method", "")), state.status, about.created_at, state.message,
        tuple(str(c) for c in facts.get("classes", ())), tuple(str(p) for p in facts.get("placements", ())), metrics,
        elsewhere,
    )  # fmt: skip
