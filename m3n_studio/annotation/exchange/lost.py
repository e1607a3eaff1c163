"""What formats cannot hold, said in the same words by all of them."""

from __future__ import annotations

from collections.abc import Collection

from m3n_studio.annotation.exchange.values import LabelFile, used_names
from m3n_studio.annotation.model import Annotation, Tier

#: What a format may keep: name, then whether a file has any of it and how to say so.
_FIELDS = {
    "author": lambda a: a.author != "",
    "source": lambda a: a.source != "person",
    "confidence": lambda a: a.confidence is not None,
    "note": lambda a: a.note != "",
}


def none_lost(_: LabelFile) -> tuple[str, ...]:
    """The losses of a format that holds everything."""
    return ()


def lost_fields(file: LabelFile, kept: Collection[str] = ()) -> list[str]:
    """Fields of annotations that are used and not kept."""
    said = []
    for name, has in _FIELDS.items():
        count = sum(map(has, file.annotations)) if name not in kept else 0
        if count:
            said.append(f"{name} of {count} annotations")
    return said


def lost_classes(file: LabelFile) -> list[str]:
    """Colours, keys, parents, notes and empty classes, for formats with nothing but class names."""
    said = []
    classes = [c for t in file.tiers for c in t.classes]
    for what, has in (
        ("colours", lambda c: True),
        ("keys", lambda c: c.key != ""),
        ("parents", lambda c: c.parent != ""),
        ("notes", lambda c: c.note != ""),
    ):
        count = sum(map(has, classes))
        if count:
            said.append(f"{what} of {count} classes")
    unused = len({c.name for c in classes} - set(used_names(file)))
    if unused:
        said.append(f"{unused} classes that are not used")
    return said


def lost_about(file: LabelFile, kept: Collection[str] = ()) -> list[str]:
    """What is known about the whole file and not kept."""
    said = [f"{name.removesuffix('_s').removesuffix('_hz')}: {value}" for name, value in (
        ("media", ", ".join(file.media)), ("epoch_s", file.epoch_s), ("rate_hz", file.rate_hz),
        ("subject", file.subject), ("session", file.session),
    ) if value not in ("", None) and name not in kept]  # fmt: skip
    return said


def one_tier(file: LabelFile) -> tuple[Tier | None, list[Annotation], list[str]]:
    """The interval tier a format with one list of intervals holds (the first with any), and what is left out."""
    full = [t for t in file.tiers if t.kind == "interval" and any(a.tier == t.id for a in file.annotations)]
    chosen = full[0] if full else None
    kept = [a for a in file.annotations if chosen and a.tier == chosen.id and a.end_s > a.start_s]
    said = [
        f"tier {t.name!r} with {count} annotations"
        for t in file.tiers
        if t is not chosen and (count := sum(a.tier == t.id for a in file.annotations))
    ]
    moments = sum(bool(chosen) and a.tier == chosen.id and a.end_s == a.start_s for a in file.annotations if chosen)
    return chosen, kept, said + ([f"{moments} moments"] if moments else [])
