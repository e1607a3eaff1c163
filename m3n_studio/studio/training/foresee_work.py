"""What an order will cost, worked out in a job; what was read for it is kept for the next question. No Qt."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from m3n_studio.studio.core.jobs import Task
from m3n_studio.studio.training.orders import RunOrder
from m3n_studio.studio.training.process import be_modest, read_recordings, sentence_cache

if TYPE_CHECKING:
    from m3n_studio.learning.foresee import Foreseen

_NEEDED = ("torch", "lightning_fabric", "pydantic")


def missing() -> str:
    """A package without which nothing can be trained; empty where all are there. Imports none of them."""
    return next((name for name in _NEEDED if importlib.util.find_spec(name) is None), "")


class Foresight:
    """Answers questions about orders; the data of the last one are kept."""

    def __init__(self) -> None:
        self._key: object = None
        self._kept: Any = None

    def ask(self, order: RunOrder, stamp: int, task: Task) -> Foreseen:
        """What an order will cost; `stamp` is another number when the project has changed."""
        be_modest()
        from m3n_studio.learning.foresee import foresee_finetune, foresee_pretrain, leave_a_core

        leave_a_core()
        config = order.config
        if order.kind == "pretrain":
            own = config.pretrain
            key: object = (order.motions, config.windows, config.text, own.bodies, own.share, own.validation, own.seed,
                           own.optimiser.batch)  # fmt: skip
            if key != self._key:
                self._kept, self._key = self._motions(order, task), key
            return foresee_pretrain(config, self._kept, order.method)
        key = (order.data, order.tier, order.without, config.windows, stamp)
        if key != self._key:
            self._kept, self._key = self._windows(order, task), key
        task.check()
        return foresee_finetune(config, self._kept, order.pretrained or None)

    def _windows(self, order: RunOrder, task: Task) -> Any:
        from m3n_studio.learning.windows import cut

        recordings = read_recordings(order.data, order.tier, order.without, task.cancelled)
        return cut(recordings, order.config.windows)

    def _motions(self, order: RunOrder, task: Task) -> Any:
        from m3n_studio.learning.motion_batches import motion_batches

        def progress(done: int, total: int, _: str) -> None:
            task.progress(done, total)

        return motion_batches(
            order.motions, order.config, cache=sentence_cache(), progress=progress, cancelled=task.cancelled
        ).train


def duration_text(seconds: float) -> str:
    """A length of time for people, one or two figures."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def foreseen_text(found: Foreseen) -> str:
    """What was foreseen, in two lines."""
    what = f"{found.windows:,} windows, {found.classes} classes, {found.folds} folds"
    if not found.classes:
        what = f"{found.windows:,} windows an epoch"
    if found.cost is None:
        return f"{what}. This method learns in one go; how long that takes is not known before."
    cost = found.cost
    free = "" if cost.free_bytes is None else f" of {cost.free_bytes / 1e9:.1f} GB free"
    fits = (
        "" if cost.free_bytes is None or cost.memory_bytes <= cost.free_bytes else " — too much; take a smaller batch"
    )
    each = "less than 1 s" if cost.epoch_s < 1 else f"about {duration_text(cost.epoch_s)}"
    return (
        f"{what}; {cost.parameters:,} parameters.\nAbout {cost.memory_bytes / 1e9:.1f} GB{free}{fits}; {each} an epoch,"
        f" {duration_text(found.most_s)} at most."
    )
