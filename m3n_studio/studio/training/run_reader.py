"""Keeps histories and results of runs up to date: files are read in the background, never in the GUI thread."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from m3n_studio.studio.core.jobs import Jobs, Task
from m3n_studio.studio.core.run_shelf import RunShelf
from m3n_studio.studio.training.run_results import RunResults, read_results

if TYPE_CHECKING:
    from m3n_studio.learning.events import Event, Follower
    from m3n_studio.learning.run_history import History

#: Results are read again this long after the last word of a run at the earliest, ms.
_REST_MS = 900


class RunReader(QObject):
    """What runs have said and what came out of them.

    Signals
    -------
    grown : str
        A run (its path) has said something new.
    judged : str
        Results of a run (its path) are new.
    """

    grown = Signal(str)
    judged = Signal(str)

    def __init__(self, shelf: RunShelf, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        self._shelf, self._jobs = shelf, jobs
        self._followers: dict[str, Follower] = {}
        self.histories: dict[str, History] = {}
        self.results: dict[str, RunResults] = {}
        self._chosen: tuple[str, ...] = ()
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._judging: set[str] = set()
        self._stale: set[str] = set()
        self._seen: dict[str, tuple[object, ...]] = {}
        self._stopped = False
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._judge_stale)
        shelf.told.connect(self._on_told)
        shelf.changed.connect(self._on_changed)

    def choose(self, paths: Iterable[str]) -> None:
        """Also read these, live or not, and what came out of them."""
        self._chosen = tuple(paths)
        for path in self._chosen:
            if path not in self.histories:
                self._read(path)
            elif path not in self.results:
                self._judge(path)

    def stop(self) -> None:
        """Read nothing more."""
        self._stopped = True
        self._rest.stop()

    @Slot(str, object)
    def _on_told(self, path: str, _events: object) -> None:
        self._read(path)

    @Slot()
    def _on_changed(self) -> None:
        there = {e.path for e in self._shelf.entries}
        for path in set(self.histories) - there:
            self.histories.pop(path)
            self._followers.pop(path, None)
            self.results.pop(path, None)
        for entry in self._shelf.entries:
            if entry.live and entry.path not in self.histories:
                self._read(entry.path)
            elif entry.path in self.results:
                self._stale.add(entry.path)
        if self._stale and not self._stopped:
            self._rest.start()

    def _read(self, path: str) -> None:
        if self._stopped:
            return
        if path in self._busy:
            self._again.add(path)
            return
        self._busy.add(path)
        follower, first = self._followers.get(path), path not in self.histories

        def work(_task: Task) -> tuple[str, Follower, History | tuple[Event, ...]]:
            from m3n_studio.learning.events import follow
            from m3n_studio.learning.run_history import History

            mine = follower or follow(path)
            events = mine.new()
            if not first:
                return path, mine, events
            history = History()
            history.add(events)
            return path, mine, history

        self._jobs.run("Reading a run", work, done=self._on_read, failed=partial(self._on_failed, path), quiet=True)

    @Slot(object)
    def _on_read(self, found: Any) -> None:
        path, follower, news = found
        self._busy.discard(path)
        if self._shelf.entry(path) is None:
            return
        self._followers[path] = follower
        if isinstance(news, tuple):
            if path in self.histories:
                self.histories[path].add(news)
        else:
            self.histories[path] = news
        self.grown.emit(path)
        if path in self._chosen:
            self._stale.add(path)
            if path not in self.results:
                self._judge(path)
            elif not self._rest.isActive():
                self._rest.start()
        if path in self._again:
            self._again.discard(path)
            self._read(path)

    def _on_failed(self, path: str, _error: object) -> None:
        self._busy.discard(path)
        self._again.discard(path)

    @Slot()
    def _judge_stale(self) -> None:
        for path in tuple(self._stale):
            if path in self._chosen:
                if self._standing(path) != self._seen.get(path):
                    self._judge(path)
            else:
                self.results.pop(path, None)
        self._stale.clear()

    def _standing(self, path: str) -> tuple[object, ...]:
        """What results depend on: they are not read again after a mere step."""
        history, entry = self.histories.get(path), self._shelf.entry(path)
        if history is None or entry is None:
            return ()
        epochs = tuple((p.name, p.epoch) for p in history.parts.values())
        return epochs, len(history.remarks), entry.status, entry.message

    def _judge(self, path: str) -> None:
        history = self.histories.get(path)
        if history is None or path in self._judging or self._stopped:
            return
        self._judging.add(path)
        self._seen[path] = self._standing(path)
        self._stale.discard(path)
        copy = history.copy()
        self._jobs.run("Reading results", lambda _task: read_results(path, copy), done=self._on_judged,
                       failed=partial(self._on_not_judged, path), quiet=True)  # fmt: skip

    @Slot(object)
    def _on_judged(self, found: RunResults) -> None:
        self._judging.discard(found.path)
        if self._shelf.entry(found.path) is not None:
            self.results[found.path] = found
            self.judged.emit(found.path)

    def _on_not_judged(self, path: str, _error: object) -> None:
        self._judging.discard(path)
