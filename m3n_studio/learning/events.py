"""What a run says while it runs: frozen messages, written as lines of JSON, followed from anywhere.

:class:`EventLog` appends, :func:`follow` reads what is new since it last looked. Messages travel as
they are to a callback in the same process. Nothing here imports torch.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from m3n_studio.learning.run_folder import RunFolder, _plain


@dataclass(frozen=True)
class Step:
    """One step of the optimiser.

    Attributes
    ----------
    part : str
        Of the run: empty, or e.g. ``"fold 2 of 5"``.
    epoch, epochs, step, steps : int
        From 1; the most epochs, and steps an epoch.
    losses : mapping of str to float
        ``loss`` and its parts: pairs of modalities, ``pose2imu``, ``reconstruction``.
    learning_rate, grad_norm : float
        The gradient's length before clipping.
    windows_per_s, data_share : float
        Over the last steps; share of the time spent waiting for data.
    eta_s : float
        To the last epoch, if nothing stops earlier.
    """

    part: str
    epoch: int
    epochs: int
    step: int
    steps: int
    losses: Mapping[str, float]
    learning_rate: float
    grad_norm: float
    windows_per_s: float
    data_share: float
    eta_s: float


@dataclass(frozen=True)
class Epoch:
    """One epoch: means of the training losses, validation, and whether it is the best so far."""

    part: str
    epoch: int
    epochs: int
    training: Mapping[str, float]
    validation: Mapping[str, float]
    learning_rate: float
    best: bool
    seconds: float
    eta_s: float


@dataclass(frozen=True)
class Remark:
    """Anything else: ``what`` is start, resume, estimate, unfreeze, fold, checkpoint, stop, done, cancelled, failed."""

    what: str
    text: str = ""
    part: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


Message = Step | Epoch | Remark
_KINDS: dict[str, type[Step] | type[Epoch] | type[Remark]] = {"step": Step, "epoch": Epoch, "remark": Remark}
_MOST_LINE = 1 << 20


@dataclass(frozen=True)
class Event:
    """A message and when it was written, Unix s."""

    time: float
    message: Message


class EventLog:
    """Appends messages to a run's ``events.jsonl`` and ``log.txt``; each is on disk's way when the call returns.

    Steps are thinned to one in `every_s` seconds; the callback gets all.
    """

    def __init__(self, run: RunFolder, tell: Callable[[Message], None] | None = None, every_s: float = 0.5) -> None:
        self._run, self._tell, self._every_s = run, tell, every_s
        self._last = -math.inf
        events = run.path / "events.jsonl"
        torn = events.is_file() and events.stat().st_size > 0 and not _ends_line(events)
        self._events = events.open("a", encoding="utf-8")
        self._log = (run.path / "log.txt").open("a", encoding="utf-8")
        if torn:
            self._events.write("\n")

    def __call__(self, message: Message) -> None:
        """Write a message and pass it on."""
        self._run.beat()
        if self._tell is not None:
            self._tell(message)
        if isinstance(message, Step):
            now = time.monotonic()
            if now - self._last < self._every_s:
                return
            self._last = now
        kind = next(name for name, cls in _KINDS.items() if isinstance(message, cls))
        line = json.dumps({"time": round(time.time(), 3), "kind": kind, **asdict(message)}, default=_plain)
        self._events.write(line + "\n")
        self._events.flush()
        if not isinstance(message, Step):
            self._log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {said(message)}\n")
            self._log.flush()

    def close(self) -> None:
        """Let go of the files."""
        self._events.close()
        self._log.close()


class Follower:
    """Reads what a run has said since it was last asked; never writes. Cheap to ask often."""

    def __init__(self, run: str | Path) -> None:
        self.run = RunFolder.open(run)
        self._at = 0

    def skip(self) -> None:
        """Pass over what was said so far."""
        with contextlib.suppress(FileNotFoundError):
            self._at = (self.run.path / "events.jsonl").stat().st_size

    def new(self) -> tuple[Event, ...]:
        """The whole lines since last time; lines that are damaged are passed over."""
        path = self.run.path / "events.jsonl"
        try:
            with path.open("rb") as file:
                file.seek(self._at)
                data = file.read()
        except FileNotFoundError:
            return ()
        whole = data.rfind(b"\n") + 1
        self._at += whole
        found = (_event(line) for line in data[:whole].split(b"\n") if line.strip())
        return tuple(event for event in found if event is not None)


def follow(run: str | Path) -> Follower:
    """Follow a run from its first event on, from any process."""
    return Follower(run)


def said(message: Message) -> str:
    """A message as one line for people."""
    part = f"{message.part}: " if message.part else ""
    if isinstance(message, Remark):
        return f"{part}{message.what}{': ' if message.text else ''}{message.text}"
    if isinstance(message, Step):
        return (
            f"{part}epoch {message.epoch}, step {message.step}/{message.steps}: "
            f"loss {message.losses.get('loss', math.nan):.4f}, {message.windows_per_s:.0f} windows/s"
        )
    numbers = ", ".join(
        f"{name} {values[key]:.4f}"
        for name, values, key in (
            ("loss", message.training, "loss"),
            ("validation", message.validation, "loss"),
            ("macro F1", message.validation, "macro_f1"),
        )
        if key in values
    )
    return f"{part}epoch {message.epoch}/{message.epochs}: {numbers}{' (best)' if message.best else ''}"


def _event(line: bytes) -> Event | None:
    try:
        if len(line) > _MOST_LINE:
            return None
        data = json.loads(line)
        kind = _KINDS[data.pop("kind")]
        return Event(float(data.pop("time")), kind(**data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _ends_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"
