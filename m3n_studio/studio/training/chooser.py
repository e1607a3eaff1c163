"""From what is chosen in the dock to an order and back: preset, pretrained run, placements. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from m3n_studio.errors import M3nError

if TYPE_CHECKING:
    from m3n_studio.studio.training.draft import Draft

#: What an encoder that is adopted fixes.
FIXED = ("windows.", "model.imu.")
_KEPT = ("finetune.", "model.classifier.")


def take_preset(draft: Draft, name: str, pretrained: str) -> None:
    """Begin from a preset; the method stays, and what a pretrained encoder fixes."""
    from m3n_studio.learning.config import load_preset

    kept = {n: draft.value(n) for n in ("finetune.method",)}
    if pretrained:
        kept |= {n: draft.value(n) for n in draft.fields if n.startswith(FIXED) or n == "finetune.placements"}
    else:
        kept |= {n: draft.value(n) for n in ("windows.placements", "finetune.placements")}
    draft.load(load_preset(name))
    draft.put(kept)


def adopt(draft: Draft, pretrained: str) -> str:
    """Begin from a pretrained run's settings; those of finetuning the user changed stay. Says what went wrong."""
    from m3n_studio.learning.run_folder import RunFolder

    try:
        base = RunFolder.open(pretrained).config
    except M3nError as error:
        return str(error)
    kept = {n: draft.value(n) for n in draft.changed() if n.startswith(_KEPT) and n != "finetune.placements"}
    kept["finetune.method"] = draft.value("finetune.method")
    draft.load(base)
    draft.put(kept)
    return ""


def worn(draft: Draft) -> tuple[str, ...]:
    """The placements a finetuning learns from."""
    return tuple(draft.value("finetune.placements")) or tuple(draft.value("windows.placements"))


def wear(draft: Draft, chosen: Sequence[str], pretrained: str) -> None:
    """Learn from these placements; an encoder that is adopted keeps its own."""
    if not pretrained:
        if chosen:
            draft.put({"windows.placements": tuple(chosen), "finetune.placements": ()})
        return
    able: Sequence[str] = draft.value("windows.placements")
    kept = tuple(p for p in able if p in chosen)
    draft.put({"finetune.placements": () if len(kept) == len(able) else kept})


def fitting(draft: Draft, there: Sequence[str], pretrained: str) -> tuple[str, ...]:
    """Which of the placements that recorded something are learned from at first."""
    if pretrained:
        return tuple(p for p in worn(draft) if p in there)
    before = [p for p in worn(draft) if p in there]
    return tuple(before or there)


def first_problem(draft: Draft, names: Mapping[str, Any]) -> str:
    """What is wrong with the settings, in a line; empty where nothing is."""
    name, why = next(iter(draft.problems.items()), ("", ""))
    if not why:
        return ""
    spec = names.get(name)
    title = f"{spec.group}: {spec.title}" if spec is not None else "Settings"
    return f"{title}: {why}."
