"""A run is a folder that any process can follow: settings, seed, data, events, checkpoints, results.

::

    run.json        what it is: kind, seed, data's fingerprint, environment, what it was made from
    config.toml     every setting
    state.json      running, finished, cancelled or failed; process and heartbeat
    events.jsonl    one event a line, appended and flushed
    log.txt         the same for people
    tensorboard/    curves
    checkpoints/    last.pt, best.pt; of folds: folds/<n>/checkpoints/
    metrics.json    results
    epochs/         of a pretraining: a few windows in its space after every epoch (`epoch_snapshots`)
    labels.json     of a finetuning on a project: the labels as they were when it began (`training_inputs`)

Events are only ever appended; a line torn by a killed process is passed over. One process writes a
run, any number read it. Nothing here imports torch.
"""

from __future__ import annotations

import json
import os
import platform
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, Self

from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.learning.config import LearningConfig, read_config, write_config

VERSION = 1
Status = Literal["new", "running", "finished", "cancelled", "failed", "interrupted"]
STATUSES = ("new", "running", "finished", "cancelled", "failed")

#: A running process says so at least this often, s; one not heard of for longer than `LOST_S` is gone.
HEARTBEAT_S, LOST_S = 2.0, 120.0
_LARGEST = 64 << 20
_PACKAGES = (
    "m3n-studio",
    "torch",
    "lightning-fabric",
    "numpy",
    "scipy",
    "scikit-learn",
    "aeon",
    "sentence-transformers",
)


@dataclass(frozen=True)
class RunState:
    """How a run stands.

    Attributes
    ----------
    status : str
        ``interrupted`` is a run whose process is gone without a word.
    pid, host : int, str
        Of the process that wrote last.
    heartbeat : float
        Unix time it was last heard of, s.
    message : str
        Of a failure, for people.
    """

    status: Status = "new"
    pid: int = 0
    host: str = ""
    heartbeat: float = 0.0
    message: str = ""

    @property
    def alive(self) -> bool:
        """Whether a process is at it now."""
        return self.status == "running"


@dataclass(frozen=True)
class About:
    """What a run is.

    Attributes
    ----------
    kind : str
        ``pretrain`` or ``finetune``.
    seed : int
    data : str
        Fingerprint of what it learns from.
    made_from : mapping of str to str
        Where that came from, and the pretrained run; paths as they were given.
    facts : mapping
        What is needed to build its networks: placements, samples, classes, ...
    environment : mapping of str to str
        Versions of what it runs on.
    created_at : str
        ISO 8601 UTC.
    """

    kind: str
    seed: int
    data: str
    made_from: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""


class RunFolder:
    """A run on disk, to read or to write.

    Attributes
    ----------
    path : Path
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._said = 0.0

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """A run that is there.

        Raises
        ------
        FileError
            Where the folder holds no run.
        """
        run = cls(path)
        if not run.exists:
            raise FileError(path, found="no run.json in it", expected="a run's folder")
        return run

    @classmethod
    def create(cls, path: str | Path, config: LearningConfig, about: About) -> Self:
        """A new run in a folder that is not there yet or is empty."""
        run = cls(path)
        try:
            run.path.mkdir(parents=True, exist_ok=True)
            if any(run.path.iterdir()):
                raise FileError(path, found="something is there already", expected="a new or empty folder")
        except OSError as error:
            raise FileError(path, found=f"it cannot be made ({error.strerror or error})",
                            expected="a folder that may be written") from error  # fmt: skip
        write_config(run.path / "config.toml", config)
        run.write_json("state.json", _state_json(RunState()))
        stated = {"version": VERSION, **vars(about)}
        stated["environment"] = dict(about.environment) or environment()
        stated["created_at"] = about.created_at or datetime.now(UTC).isoformat(timespec="seconds")
        run.write_json("run.json", stated)
        return run

    @property
    def exists(self) -> bool:
        """Whether there is a run."""
        return (self.path / "run.json").is_file()

    @property
    def config(self) -> LearningConfig:
        """Its settings."""
        return read_config(self.path / "config.toml")

    @property
    def about(self) -> About:
        """What it is."""
        data, path = self.read_json("run.json"), self.path / "run.json"
        if data.pop("version", None) != VERSION:
            raise FileError(path, field="version", found="another version", expected=str(VERSION))
        kinds = {"kind": str, "seed": int, "data": str, "made_from": dict, "facts": dict, "environment": dict,
                 "created_at": str}  # fmt: skip
        for name, kind in kinds.items():
            if not isinstance(data.get(name), kind):
                raise FileError(path, field=name, found=repr(data.get(name))[:80], expected=kind.__name__)
        return About(**{name: data[name] for name in kinds})

    @property
    def state(self) -> RunState:
        """How it stands; a running one whose process is gone is ``interrupted``."""
        data = self.read_json("state.json")
        status, pid, beat = data.get("status"), data.get("pid", 0), data.get("heartbeat", 0.0)
        if status not in STATUSES or not isinstance(pid, int) or not isinstance(beat, int | float):
            raise FileError(
                self.path / "state.json", field="status", found=repr(status)[:80], expected=", ".join(STATUSES)
            )
        state = RunState(status, pid, str(data.get("host", "")), float(beat), str(data.get("message", "")))
        gone = status == "running" and not _lives(state)
        return RunState("interrupted", pid, state.host, state.heartbeat, state.message) if gone else state

    @property
    def metrics(self) -> dict[str, Any]:
        """Its results; empty where there are none yet."""
        return self.read_json("metrics.json") if (self.path / "metrics.json").is_file() else {}

    def checkpoints(self, part: str = "") -> Path:
        """Folder of checkpoints, of the run or of a part of it (``"folds/2"``); made where it is not there."""
        folder = self.path / part / "checkpoints"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def read_json(self, name: str) -> dict[str, Any]:
        """A JSON object of the run; `FileError` where it is not one."""
        path = self.path / name
        try:
            if path.stat().st_size > _LARGEST:
                raise FileError(path, found="more than 64 MB", expected="a small JSON file")
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise FileError(path, found=f"it cannot be read ({error})", expected="JSON") from error
        if not isinstance(data, dict):
            raise FileError(path, found="no object", expected="a JSON object")
        return data

    def write_json(self, name: str, data: Mapping[str, Any]) -> None:
        """Write a JSON object whole."""
        with atomic(self.path / name) as part:
            part.write_text(json.dumps(data, indent=1, default=_plain), encoding="utf-8")

    def set_state(self, status: Status, message: str = "") -> None:
        """Say how it stands, as this process."""
        state = RunState(status, os.getpid(), socket.gethostname(), time.time(), message)
        self.write_json("state.json", _state_json(state))
        self._said = time.monotonic()

    def beat(self) -> None:
        """Say that this process is still at it; cheap to call often."""
        if time.monotonic() - self._said >= HEARTBEAT_S:
            self.set_state("running")

    def claim(self) -> None:
        """Become the one process that writes; `ValueProblem` where another is at it."""
        state = self.state
        if state.alive and (state.pid, state.host) != (os.getpid(), socket.gethostname()):
            raise ValueProblem(f"{self.path}: process {state.pid} on {state.host} is at this run")
        self.set_state("running")


def take_up(path: str | Path, config: LearningConfig, about: About, *, resume: bool) -> RunFolder:
    """A new run, or one to go on with, which must have the same settings, seed and data.

    Raises
    ------
    FileError
        Where there is a run and `resume` is false.
    ValueProblem
        Where the run there is another one; it names what differs.
    """
    run = RunFolder(path)
    if not run.exists:
        return RunFolder.create(path, config, about)
    if not resume:
        raise FileError(path, found="a run is there already", expected="a new folder, or --resume to go on with it")
    found = run.about
    for what, theirs, ours in (
        ("kind", found.kind, about.kind), ("seed", found.seed, about.seed), ("data", found.data, about.data),
    ):  # fmt: skip
        if theirs != ours:
            raise ValueProblem(
                f"{path}: the run there has {what} {theirs!r:.40}, this one {ours!r:.40}; it cannot be resumed"
            )
    differing = config.differences(run.config)
    if differing:
        name, (theirs, ours) = next(iter(differing.items()))
        raise ValueProblem(f"{path}: the run there has {name} = {theirs}, this one {ours}; it cannot be resumed")
    return run


def environment() -> dict[str, str]:
    """Versions of Python, the machine's system and what learning uses."""
    found = {"python": platform.python_version(), "system": platform.platform(), "cpus": str(os.cpu_count())}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def find_runs(folder: str | Path) -> list[RunFolder]:
    """Every run in a folder or below, by path; a run's own inside is not searched."""
    folder = Path(folder)
    if not folder.is_dir():
        raise FileError(folder, found="no such folder", expected="a folder of runs")
    found: list[RunFolder] = []
    for place, below, files in os.walk(folder):
        below.sort()
        if "run.json" in files:
            below.clear()
            found.append(RunFolder(place))
    return found


def _lives(state: RunState) -> bool:
    if os.name == "nt" or (state.host and state.host != socket.gethostname()):
        return time.time() - state.heartbeat < LOST_S
    try:
        os.kill(state.pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return time.time() - state.heartbeat < 30 * LOST_S  # one long step is no death; another process may have its number


def _state_json(state: RunState) -> dict[str, Any]:
    return {"version": VERSION, **vars(state)}


def _plain(value: Any) -> Any:
    """NumPy's numbers, arrays and mappings as JSON has them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
