"""Around every training: the run is claimed, its events and curves are written, and its end is told whatever it is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from m3n_studio.errors import Cancelled, M3nError
from m3n_studio.learning.events import Epoch, EventLog, Message, Remark, Step
from m3n_studio.learning.run_folder import RunFolder

Tell = Callable[[Message], None]


@contextmanager
def running(run: RunFolder, tell: Tell | None = None) -> Iterator[Tell]:
    """Claim a run; gives what to tell messages to. The run's state says how it ended.

    Parameters
    ----------
    run : RunFolder
    tell : callable of Message
        Gets every message, in the process and thread of the training.
    """
    run.claim()
    log = EventLog(run, tell)
    curves = Curves(run)

    def both(message: Message) -> None:
        log(message)
        curves(message)

    try:
        yield both
        log(Remark("done"))
        run.set_state("finished")
    except (Cancelled, KeyboardInterrupt):
        log(Remark("cancelled", "it can be resumed"))
        run.set_state("cancelled")
        raise
    except M3nError as error:
        log(Remark("failed", str(error)))
        run.set_state("failed", str(error))
        raise
    except BaseException as error:
        text = f"{type(error).__name__}: {error}"
        log(Remark("failed", text))
        run.set_state("failed", text)
        raise
    finally:
        curves.close()
        log.close()


class Curves:
    """TensorBoard's event files, where it is installed; a curve for every number of a step and an epoch."""

    def __init__(self, run: RunFolder, every: int = 10) -> None:
        self._every = every
        self._writers: dict[str, Any] = {}
        self._folder = run.path / "tensorboard"
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self._make: Any = None
            logging.getLogger(__name__).info("tensorboard is not installed; the run has no curves for it")
        else:
            self._make = SummaryWriter

    def __call__(self, message: Message) -> None:
        """Draw what a message has to draw."""
        if isinstance(message, Epoch):
            numbers = {f"epoch/{k}": v for k, v in message.training.items()}
            numbers |= {f"validation/{k}": v for k, v in message.validation.items()}
            self._write(message.part, message.epoch, numbers)
        elif isinstance(message, Step) and message.step % self._every == 0:
            numbers = {f"step/{k}": v for k, v in message.losses.items()}
            numbers |= {"step/lr": message.learning_rate, "step/grad_norm": message.grad_norm,
                        "step/windows_per_s": message.windows_per_s}  # fmt: skip
            self._write(message.part, (message.epoch - 1) * message.steps + message.step, numbers)

    def close(self) -> None:
        """Flush and let go."""
        for writer in self._writers.values():
            writer.close()

    def _write(self, part: str, at: int, numbers: Mapping[str, float]) -> None:
        if self._make is None:
            return
        if part not in self._writers:
            self._writers[part] = self._make(str(self._folder / part.replace(" ", "_")))
        for name, value in numbers.items():
            self._writers[part].add_scalar(name, value, at)
