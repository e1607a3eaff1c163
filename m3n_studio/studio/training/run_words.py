"""How far a run is, in a line, from what it said last. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m3n_studio.learning.events import Message


def progress_text(messages: Sequence[Message]) -> str:
    """The last of the messages for people."""
    from m3n_studio.learning.events import Epoch, Step, said
    from m3n_studio.studio.training.foresee_work import duration_text

    last = messages[-1]
    part = f"{last.part} · " if last.part else ""
    if isinstance(last, Step):
        left = f" · {duration_text(last.eta_s)} left at most" + (" for it" if part else "")
        return f"{part}epoch {last.epoch} of {last.epochs} · {last.windows_per_s:,.0f} windows/s{left}"
    if isinstance(last, Epoch):
        f1 = last.validation.get("macro_f1")
        score = f" · macro F1 {100 * f1:.1f} %" if f1 is not None else ""
        return f"{part}epoch {last.epoch} of {last.epochs} · loss {last.training.get('loss', 0.0):.3f}{score}"
    return said(last)
