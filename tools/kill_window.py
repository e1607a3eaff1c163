"""Kill the window while keys label and recordings are imported, at random moments, and see what is left.

``python tools/kill_window.py --kills 500``. Each time the real window is started on one project in a process of its
own, its keys are pressed at random while recordings are imported in the background, and it says on a pipe what it is
about to write and when the desk says that it is written. It gets SIGKILL at a random moment. Then the project must
open, hold every edit that was said to be written, and show no recording that is not whole. Needs a system with fork;
without QT_QPA_PLATFORM the window is drawn off the screen.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kill_project import Kills, Tally, _drain

from m3n_studio.annotation.model import LabelClass, Tier
from m3n_studio.project.check import check
from m3n_studio.project.store import Project
from m3n_studio.recordings.signal import Signal

if TYPE_CHECKING:
    from m3n_studio.studio.frame.window import Window

SECONDS, RATE_HZ = 300.0, 50.0
LONGEST_S = 1.2
START_S = 30.0
#: What is pressed, and how often: classes are held, the rest is pressed once.
HELD = "wsr"
PRESSED = (
    ("Space", 3), ("Ctrl+E", 6), ("Ctrl+M", 2), ("Ctrl+G", 1), ("Ctrl+[", 3), ("Ctrl+]", 3), ("Delete", 2),
    ("Ctrl+Z", 8), ("Ctrl+Y", 5), ("Alt+Right", 3), ("Alt+Left", 2), ("Ctrl+Right", 6), ("Ctrl+Left", 6), ("Right", 8),
    ("Alt+Shift+Right", 5), ("Ctrl+1", 1), ("Ctrl+2", 1), ("Ctrl+3", 2), ("Ctrl+Return", 2),
    ("Ctrl+Shift+C", 1), ("Ctrl+Shift+V", 2), ("Home", 1), ("Shift+W", 2),
)  # fmt: skip
Say = Callable[[str, object], None]


def make(folder: Path) -> None:
    """The project that is labelled: a wrist, three classes, and a session for what is imported."""
    t = np.arange(0, SECONDS, 1 / RATE_HZ)
    acc = np.column_stack([np.sin(t), np.cos(2 * t), 9.81 + 0 * t])
    with Project.create(folder) as project:
        session = project.add_session("labelled")
        project.add_recording(session.id, Signal("wrist", t, acc, 0.1 * acc), placement="left_wrist")
        project.add_session("imported")
        classes = tuple(LabelClass(name, key=name[0]) for name in ("walk", "sit", "run"))
        project.add_label_set("activities", [Tier("activity", classes=classes)])


# ------------------------------------------------------------------ in the process that is killed


def work(folder: Path, pipe: int, rng: random.Random) -> None:
    """Open the window on the project, press keys and import until killed."""
    from PySide6.QtCore import QTimer

    from m3n_studio.studio.app import application
    from m3n_studio.studio.frame.window import Window

    lock = threading.Lock()

    def say(what: str, value: object) -> None:
        with lock:
            data = (json.dumps([what, value]) + "\n").encode()
            while data:
                data = data[os.write(pipe, data) :]

    app = application()
    window = Window(theme="light", viewport="offscreen")
    window.hook.caught.connect(lambda message, details: say("failed", f"{message} {details}"))
    tell_writes(window, say)
    window.show()
    window.activateWindow()
    with Project.open(folder, read_only=True) as project:
        sessions = {s.name: s.id for s in project.sessions()}
    window.projects.open(folder, sessions["labelled"])
    hands = Hands(window, rng, sessions["imported"], say)
    timer = QTimer(window, interval=4)
    timer.timeout.connect(hands.go_on)
    timer.start()
    app.exec()


def tell_writes(window: Window, say: Say) -> None:
    """Say every change of labels before it is written, and that it is once the desk says so."""
    write = window.desk.write

    def told(session: str, change: Any) -> bool:
        say("try", asdict(change))
        done = write(session, change)
        say("done" if done else "refused", "")
        return done

    window.desk.write = told  # type: ignore[method-assign]


class Hands:
    """Press keys, and import in the background."""

    def __init__(self, window: Window, rng: random.Random, imported: str, say: Say) -> None:
        self.window, self.rng, self.imported, self.say = window, rng, imported, say
        self.down = ""
        self.importing = False

    def go_on(self) -> None:
        """One key, where the session is on the desk by now."""
        from PySide6.QtWidgets import QApplication

        window = self.window
        if self.importing and window.desk.session is None:  # undone was the opening, too
            window.history.stack.redo()
        if window.desk.session is None or window.clock.end_s <= 0 or "labels" not in window.host.docks:
            return
        if not self.importing:
            self.importing = True
            self.import_more()
        if window.clock.speed < 4:
            window.clock.set_speed(5.0)
        focused = QApplication.focusWidget()
        if focused is None:
            window.activateWindow()
            window.setFocus()
            return
        self.press(focused)

    def press(self, focused: Any) -> None:
        """Let go of what is held, hold a class key, or press any other."""
        from PySide6.QtCore import Qt
        from PySide6.QtGui import QKeySequence
        from PySide6.QtTest import QTest

        if self.down and self.rng.random() < 0.3:
            QTest.keyRelease(focused, getattr(Qt.Key, f"Key_{self.down.upper()}"))
            self.down = ""
        elif not self.down and self.rng.random() < 0.4:
            self.down = self.rng.choice(HELD)
            QTest.keyPress(focused, getattr(Qt.Key, f"Key_{self.down.upper()}"))
        else:
            names, weights = zip(*PRESSED, strict=True)
            combination = QKeySequence(self.rng.choices(names, weights)[0])[0]
            QTest.keyClick(focused, combination.key(), combination.keyboardModifiers())
        if self.rng.random() < 0.05:
            self.window.clock.seek(self.rng.uniform(0, self.window.clock.end_s))

    def import_more(self) -> None:
        """Import one recording as a job of the window, and the next when it is there."""
        n, pieces = self.rng.choice((500, 20_000, 60_000)), self.rng.randint(1, 4)
        noise = np.random.default_rng(self.rng.randrange(1 << 30))

        def piece(i: int) -> Signal:
            time_s = np.arange(i * n, (i + 1) * n) / 100
            return Signal("imu", time_s, noise.normal(size=(n, 3)), noise.normal(size=(n, 3)))

        def run(task: Any) -> object:
            project = self.window.desk.project
            return project.add_recording(self.imported, (piece(i) for i in range(pieces)), cancelled=lambda: False)

        self.window.jobs.run("Importing", run, done=self.imported_one, failed=self.failed)

    def imported_one(self, recording: Any) -> None:
        """Say that it is there."""
        from PySide6.QtCore import QTimer

        self.say("imported", [recording.id, recording.sha256])
        QTimer.singleShot(self.rng.randint(0, 300), self.window, self.import_more)

    def failed(self, error: Exception) -> None:
        """An import must not fail."""
        self.say("failed", repr(error))


# ------------------------------------------------------------------ in the process that kills


def run_killed(folder: Path, rng: random.Random, log: int) -> list[list[Any]]:
    """What a window said before it was killed."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.dup2(log, 2)
        try:
            work(folder, write, random.Random(rng.random()))
        finally:
            os._exit(1)
    os.close(write)
    os.set_blocking(read, False)
    said = b""
    if rng.random() < 0.85:  # else it may be killed while it opens
        latest = time.monotonic() + START_S
        while not said and time.monotonic() < latest:
            said += _drain(read)
            time.sleep(0.002)
        longest = LONGEST_S
    else:
        longest = 2 * LONGEST_S
    stop = time.monotonic() + rng.random() * longest
    while time.monotonic() < stop:
        said += _drain(read)
        time.sleep(0.001)
    ended, _ = os.waitpid(child, os.WNOHANG)
    if not ended:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    said += _drain(read)
    os.close(read)
    lines = [json.loads(line) for line in said.decode().split("\n")[:-1]]
    return [*lines, ["failed", "the window ended by itself"]] if ended else lines


class WindowKills(Kills):
    """The project the window works on, and what it must hold."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.rng, self.tally = folder, random.Random(seed), Tally()
        self.project = folder / "project"
        self.annotations, self.recordings = (), {}
        self.empty_runs = 0
        make(self.project)
        with Project.open(self.project) as project:
            self.recordings = {r.id: r.sha256 for r in project.recordings()}
            self.session = next(s.id for s in project.sessions() if s.name == "labelled")

    def once(self, log: int) -> None:
        """One kill, and the look at what is left."""
        self.tally.kills += 1
        said = run_killed(self.project, self.rng, log)
        self.tally.problems += [str(line[1]) for line in said if line[0] == "failed"]
        self.tally.acknowledged += sum(line[0] in ("done", "imported") for line in said)
        self.empty_runs += not said
        try:
            with Project.open(self.project) as project:
                self.look(project, said)
        except Exception as error:
            self.tally.unopened += 1
            self.tally.problems.append(repr(error))

    def look(self, project: Project, said: list[list[Any]]) -> None:
        """Hold the project against what was said."""
        labels = [[what if what != "refused" else "try", value] for what, value in said if what in ("try", "done")]
        self._after_label(_Only(project, self.session), labels)
        self._after_import(project, [["done", value] for what, value in said if what == "imported"])

    def last(self) -> None:
        """Every sample once more."""
        self.tally.problems += [f.line() for f in check(self.project) if f.level == "damage"]


class _Only:
    """A project as if it had one session."""

    def __init__(self, project: Project, session: str) -> None:
        self._project, self._session = project, session

    def sessions(self) -> list[Any]:
        return [s for s in self._project.sessions() if s.id == self._session]

    def annotations(self, session: str) -> Any:
        return self._project.annotations(session)


def kill(kills: int, seed: int, folder: Path, *, told: bool = False) -> WindowKills:
    """Kill that many windows in turn."""
    run = WindowKills(folder, seed)
    log = os.open(folder / "window.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for i in range(kills):
        run.once(log)
        if told and (i + 1) % 10 == 0:
            print(f"{i + 1} kills, {run.tally.acknowledged} acknowledged, {run.tally.lost} lost", flush=True)
    os.close(log)
    run.last()
    said = (folder / "window.log").read_text(errors="replace")
    if "Traceback" in said:
        run.tally.problems.append(said[-2000:])
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import m3n_studio.studio.frame.window  # noqa: F401  once, so that each fork starts quickly

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="m3n-kill-") as folder:
        run = kill(options.kills, options.seed, Path(folder), told=True)
    for name in ("kills", "acknowledged", "lost", "unopened", "half_written", "in_flight_kept", "in_flight_gone",
                 "recordings", "problems"):  # fmt: skip
        print(f"{name.replace('_', ' ')}: {getattr(run.tally, name)}")
    print(f"killed before anything was written: {run.empty_runs}")
    print(f"labels in the end: {len(run.annotations)}")
    good = run.tally.good and run.tally.acknowledged > 0
    print(f"{'good' if good else 'NOT GOOD'} after {time.monotonic() - began:.0f} s")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
