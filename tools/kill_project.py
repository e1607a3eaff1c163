"""Kill a program that labels, imports and migrates, at random moments, and see what is left of its project.

``python tools/kill_project.py --kills 500``. Children work on one project and say on a pipe what they are about to do
and when it is done (the call has returned). Each gets SIGKILL at a random moment. Then the project must open, hold
every edit that was said to be done, and show no recording that is not whole. Needs a system with fork.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from make_old_project import make_old_project

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.project.check import check
from m3n_studio.project.repair import repair
from m3n_studio.project.store import Project
from m3n_studio.recordings.signal import Signal

WORK = ("label", "import", "migrate")
LONGEST_S = 0.25


@dataclass
class Tally:
    """What happened, and what must not have."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    unopened: int = 0
    half_written: int = 0
    in_flight_kept: int = 0
    in_flight_gone: int = 0
    recordings: int = 0
    migrations_cut: int = 0
    strays: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Nothing was lost or half there."""
        return not (self.lost or self.unopened or self.half_written or self.problems)


def say(pipe: int, what: str, value: object) -> None:
    os.write(pipe, (json.dumps([what, value]) + "\n").encode())


def as_change(value: dict) -> Change:
    return Change(value["label"], *(tuple(Annotation(**a) for a in value[side]) for side in ("remove", "add")))


def label(folder: Path, pipe: int, rng: random.Random) -> None:
    """Put in, change, take away and undo annotations, for ever."""
    with Project.open(folder) as project:
        session, tier = project.sessions()[0].id, project.tiers()[0]
        now = list(project.annotations(session))
        while True:
            what = rng.random()
            if what < 0.6 or len(now) < 20:
                count = rng.choice((1, 1, 1, 50))
                starts = [rng.uniform(0, 9e4) for _ in range(count)]
                new = tuple(Annotation(tier.id, rng.choice(tier.classes).id, s, s + rng.random()) for s in starts)
                change = Change("put", (), new)
            else:
                old = tuple(rng.sample(now, rng.randint(1, 10)))
                change = Change("edit", old, tuple(a.with_(end_s=a.end_s + 1) for a in old) if what < 0.8 else ())
            for step in (change, change.inverse(), change)[: rng.choice((1, 1, 3))]:
                say(pipe, "try", asdict(step))
                project.annotate(session, step)
                say(pipe, "done", "")
            now = list(Change("", change.remove, change.add).apply(tuple(now)))


def import_(folder: Path, pipe: int, rng: random.Random) -> None:
    """Add recordings that come in pieces, for ever."""
    noise = np.random.default_rng(rng.randrange(1 << 30))
    with Project.open(folder) as project:
        session = project.sessions()[0].id
        while True:
            pieces, n = rng.randint(1, 6), rng.choice((500, 20_000, 70_000))
            jitter = rng.random() < 0.3

            def piece(i: int, n: int = n, jitter: bool = jitter) -> Signal:
                time_s = np.arange(i * n, (i + 1) * n) / 100 + (noise.random(n) * 0.004 if jitter else 0.0)
                return Signal(
                    "imu", time_s, noise.normal(size=(n, 3)), noise.normal(size=(n, 3)), noise.random(n) > 0.1
                )

            say(pipe, "try", None)
            recording = project.add_recording(session, (piece(i) for i in range(pieces)), name=f"r{rng.random()}")
            say(pipe, "done", [recording.id, recording.sha256])


def migrate(folder: Path, pipe: int, rng: random.Random) -> None:
    """Open an old project."""
    say(pipe, "try", None)
    Project.open(folder).close()
    say(pipe, "done", "")
    time.sleep(60)


def run_killed(work: str, folder: Path, rng: random.Random) -> list[list]:
    """What a child said before it was killed."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            {"label": label, "import": import_, "migrate": migrate}[work](folder, write, random.Random(rng.random()))
        except BaseException as error:
            say(write, "failed", repr(error))
        finally:
            os._exit(1)
    os.close(write)
    longest = 0.1 if work == "migrate" else LONGEST_S
    said = b""
    os.set_blocking(read, False)
    if rng.random() < 0.8:  # else it may be killed while it opens the project
        latest = time.monotonic() + 20.0
        while not said and time.monotonic() < latest:
            said += _drain(read)
            time.sleep(0.0005)
    stop = time.monotonic() + rng.random() * longest
    while time.monotonic() < stop:
        said += _drain(read)
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    said += _drain(read)
    os.close(read)
    return [json.loads(line) for line in said.decode().split("\n")[:-1]]


def _drain(read: int) -> bytes:
    out = b""
    while True:
        try:
            data = os.read(read, 1 << 16)
        except BlockingIOError:
            return out
        if not data:
            return out
        out += data


class Kills:
    """The project that is worked on, and what it must hold."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.rng, self.tally = folder, random.Random(seed), Tally()
        self.project, self.old = folder / "project", folder / "old"
        self.annotations: tuple[Annotation, ...] = ()
        self.recordings: dict[str, str] = {}
        with Project.create(self.project) as project:
            project.add_session("one")
            classes = tuple(LabelClass(name) for name in ("walk", "sit", "run"))
            project.add_label_set("activities", [Tier("activity", exclusive=False, classes=classes)])
        make_old_project(self.old, annotations=3000)
        with Project.open(self.old, read_only=True) as project:
            self.old_state = _state(project)

    def once(self, work: str) -> None:
        """One kill, and the look at what is left."""
        self.tally.kills += 1
        folder = self.project
        if work == "migrate":
            folder = self.folder / "copy"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(self.old, folder)
        said = run_killed(work, folder, self.rng)
        self.tally.problems += [line[1] for line in said if line[0] == "failed"]
        self.tally.acknowledged += sum(line[0] == "done" for line in said)
        try:
            with Project.open(folder) as project:
                getattr(self, f"_after_{work}")(project, said)
        except Exception as error:
            self.tally.unopened += 1
            self.tally.problems.append(f"{work}: {error!r}")

    def _after_label(self, project: Project, said: list[list]) -> None:
        in_flight = None
        for what, value in said:
            if what == "try":
                in_flight = as_change(value)
            elif what == "done":
                self.annotations, in_flight = in_flight.apply(self.annotations), None
        found = project.annotations(project.sessions()[0].id)
        if in_flight is not None and found == in_flight.apply(self.annotations):
            self.tally.in_flight_kept += 1
        elif found == self.annotations:
            self.tally.in_flight_gone += in_flight is not None
        else:
            self.tally.lost += len(set(self.annotations) ^ set(found))
        self.annotations = found

    def _after_import(self, project: Project, said: list[list]) -> None:
        self.recordings |= {value[0]: value[1] for what, value in said if what == "done"}
        found = {r.id: r for r in project.recordings()}
        self.tally.lost += len(self.recordings.keys() - found.keys())
        for recording in found.values():
            new = recording.id not in self.recordings
            if new or any(what == "done" and value[0] == recording.id for what, value in said):
                try:
                    stored = project.signal(recording)
                    whole = stored.verify() and stored.sha256 == recording.sha256
                except Exception as error:
                    whole = False
                    self.tally.problems.append(repr(error))
                self.tally.half_written += not whole
                self.tally.in_flight_kept += new
            self.recordings.setdefault(recording.id, recording.sha256)
        self.tally.recordings = len(found)

    def _after_migrate(self, project: Project, said: list[list]) -> None:
        self.tally.migrations_cut += ["done", ""] not in said
        if _state(project) != self.old_state:
            self.tally.lost += 1
            self.tally.problems.append("the migrated project differs")

    def last(self) -> None:
        """Every sample once more, and what was left lying about."""
        self.tally.strays = len(repair_strays(self.project))
        for finding in check(self.project):
            if finding.level == "damage":
                self.tally.problems.append(finding.line())


def repair_strays(folder: Path) -> list[str]:
    return [finding.line() for finding in repair(folder, stray_age_s=0.0, remove_unused=True)]


def _state(project: Project) -> tuple:
    """All a project says, but for the ids of devices, which the migration draws."""
    devices = {device.id: device.name for device in project.devices()}
    recordings = [(asdict(r) | {"device": devices[r.device]}) for r in project.recordings()]
    labels = tuple(project.annotations(session.id) for session in project.sessions())
    return (project.subjects(), project.sessions(), recordings, project.media(), project.label_sets(), labels,
            sorted(devices.values()))  # fmt: skip


def kill(kills: int, seed: int, folder: Path) -> Tally:
    """Kill that many children in turn."""
    run = Kills(folder, seed)
    for i in range(kills):
        run.once(WORK[i % len(WORK)])
    run.last()
    return run.tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="m3n-kill-") as folder:
        tally = kill(options.kills, options.seed, Path(folder))
    for name, value in asdict(tally).items():
        print(f"{name.replace('_', ' ')}: {value}")
    print(f"{'good' if tally.good else 'NOT GOOD'} after {time.monotonic() - began:.0f} s")
    raise SystemExit(0 if tally.good else 1)


if __name__ == "__main__":
    main()
