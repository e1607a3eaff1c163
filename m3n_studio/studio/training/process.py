"""Doing what a :class:`RunOrder` says, in this thread or in a child process followed through its folder. No Qt.

Both read their data by themselves, write the same files, stop when asked and leave a run that can be gone
on with. Torch is imported by what is called here, in a job.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from m3n_studio.errors import M3nError
from m3n_studio.studio.training.orders import RunOrder, arguments, made_from

if TYPE_CHECKING:
    from m3n_studio.learning.events import Follower, Message
    from m3n_studio.learning.windows import LabelledRecording
    from m3n_studio.studio.core.jobs import Task

#: How long a child that is asked to stop may take, s, and how often it is looked at.
GRACE_S, LOOK_S = 0.8, 0.05
NICE = 5


def train(order: RunOrder, task: Task) -> Path:
    """Train as ordered, here or apart; gives the run's folder."""
    order.path.parent.mkdir(parents=True, exist_ok=True)
    if order.apart:
        return train_apart(order, task)
    return train_here(order, task)


def train_here(order: RunOrder, task: Task) -> Path:
    """Train in this thread, on all cores but one, after everything else that wants the processor."""
    be_modest()
    from m3n_studio.learning.foresee import leave_a_core

    leave_a_core()
    share = Share(order.path)

    def tell(message: Message) -> None:
        task.progress(share.after(message), 1.0)

    (_pretrain if order.kind == "pretrain" else _finetune)(order, tell, task)
    return order.path


def be_modest() -> None:
    """Lower the priority of this thread, where a thread has one of its own (Linux)."""
    if sys.platform == "linux":
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        except OSError:  # already lower than that
            return


def _finetune(order: RunOrder, tell: Callable[[Message], None], task: Task) -> None:
    from m3n_studio.learning.finetune import finetune
    from m3n_studio.learning.windows import cut_to_learn
    from m3n_studio.project.training_inputs import as_it_began, remembering

    recordings = read_recordings(order.data, order.tier, order.without, task.cancelled)
    if order.resume:
        recordings = as_it_began(order.path, recordings)
    windows = cut_to_learn(recordings, order.config)
    task.check()
    finetune(
        order.path, order.config, windows, pretrained=order.pretrained or None, made_from=made_from(order),
        resume=order.resume, tell=remembering(order.path, recordings, tell), cancelled=task.cancelled,
    )  # fmt: skip


def read_recordings(
    data: str, tier: str, without: Sequence[str], cancelled: Callable[[], bool]
) -> list[LabelledRecording]:
    """Labelled recordings of a project, through a connection of our own: it may be closed in the window."""
    from m3n_studio.project import Project
    from m3n_studio.project import training_inputs as inputs
    from m3n_studio.project.training_data import labelled_recordings

    with Project.open(data, read_only=True) as project:
        return inputs.without(labelled_recordings(project, tier, cancelled=cancelled), without)


def _pretrain(order: RunOrder, tell: Callable[[Message], None], task: Task) -> None:
    from m3n_studio.learning.motion_batches import motion_batches
    from m3n_studio.learning.pretrain import pretrain

    found = motion_batches(order.motions, order.config, cache=sentence_cache(), cancelled=task.cancelled)
    task.check()
    pretrain(
        order.path, order.config, found.train, found.validation, method=order.method, made_from=made_from(order),
        resume=order.resume, tell=tell, cancelled=task.cancelled,
    )  # fmt: skip


def sentence_cache() -> Path:
    """Where vectors of sentences are kept, for the window and the command line."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("m3n-studio", appauthor=False)) / "sentences"


class Share:
    """How much of a run is behind us: the largest share it has been told of, folds and epochs counted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folds: list[str] | None = None
        self._share = 0.0

    def after(self, message: Message) -> float:
        """The share after another message, 0 to 1."""
        from m3n_studio.learning.events import Epoch, Step

        if not isinstance(message, Epoch | Step):
            return self._share
        done = float(message.epoch) if isinstance(message, Epoch) else message.epoch - 1 + message.step / message.steps
        folds = self._names()
        before = folds.index(message.part) if message.part in folds else 0
        self._share = max(self._share, min((before + done / message.epochs) / max(1, len(folds)), 0.999))
        return self._share

    def _names(self) -> list[str]:
        if self._folds is None:
            from m3n_studio.learning.run_folder import RunFolder

            facts = RunFolder(self._path).about.facts
            self._folds = [str(f) for f in facts.get("folds", ())]
        return self._folds


# ---------------------------------------------------------------------- a process of its own


def train_apart(order: RunOrder, task: Task) -> Path:
    """Train in a child, and follow it; a child that is not wanted any more is asked to stop, then ended by its id."""
    from m3n_studio.learning.config import write_config

    with tempfile.TemporaryDirectory(prefix="m3n-run-") as folder, tempfile.TemporaryFile() as said:
        settings = Path(folder) / "config.toml"
        write_config(settings, order.config)
        child = _start(arguments(order, settings), said)
        try:
            _follow(order, child, task)
        finally:
            _stop(child)
        task.check()
        if child.returncode != 0:
            raise M3nError(_why(order, child.returncode, said))
    return order.path


def _start(said: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    cores = str(max(1, (os.cpu_count() or 2) - 1))
    home = str(Path(__file__).resolve().parents[3])  # where this very program is, installed or in a checkout
    paths = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    own = {"OMP_NUM_THREADS": cores, "MKL_NUM_THREADS": cores, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "m3n_studio.studio.training.child", *said]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output, env={**os.environ, **own})


def _follow(order: RunOrder, child: subprocess.Popen[bytes], task: Task) -> None:
    """Until it ends or nobody wants it any more."""
    from m3n_studio.learning.events import follow

    follower: Follower | None = None
    share, looked = Share(order.path), 0.0
    while child.poll() is None and not task.cancelled():
        time.sleep(LOOK_S)
        if time.monotonic() - looked < 0.5 or not (order.path / "run.json").is_file():
            continue
        looked = time.monotonic()
        follower = follower or follow(order.path)
        for event in follower.new():
            task.progress(share.after(event.message), 1.0)


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, wait a little, end it; nothing is left of it afterwards."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _why(order: RunOrder, code: int, said: IO[bytes]) -> str:
    """Why a child ended, in its own words where it left some."""
    from m3n_studio.learning.run_folder import RunFolder

    said.seek(0, os.SEEK_END)
    said.seek(max(0, said.tell() - 4000))
    lines = [line.strip() for line in said.read().decode("utf-8", "replace").splitlines() if line.strip()]
    if code < 0:
        return f"{order.path.name}: its process was ended from outside (signal {-code}); it can be gone on with"
    try:
        message = RunFolder.open(order.path).state.message
    except M3nError:
        message = ""
    last = lines[-1].removeprefix("m3n-studio: ") if lines else f"its process ended with code {code}"
    return message or last
