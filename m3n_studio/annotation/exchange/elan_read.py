"""The parts of an ELAN document that hold labels, with every annotation's time found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from m3n_studio.annotation.exchange.values import MOST_BYTES
from m3n_studio.errors import FileError

_COLOR = re.compile(r"#[0-9a-fA-F]{6}\b")


@dataclass(frozen=True)
class FoundAnnotation:
    """One annotation: id, times in ms, text."""

    id: str
    start_ms: float
    end_ms: float
    text: str


@dataclass(frozen=True)
class FoundTier:
    """One tier: name, who annotated it, its annotations."""

    name: str
    annotator: str
    annotations: tuple[FoundAnnotation, ...]


@dataclass(frozen=True)
class Entry:
    """One entry of a vocabulary: text, ``#rrggbb`` or empty, description."""

    name: str
    color: str
    note: str


@dataclass(frozen=True)
class Found:
    """What a document holds; vocabularies by the name of the tier that uses them."""

    tiers: tuple[FoundTier, ...]
    vocabularies: dict[str, tuple[Entry, ...]]
    properties: dict[str, str]
    media: tuple[str, ...]
    notes: tuple[str, ...]


def read_document(path: Path) -> Found:
    """Parse a document; `FileError` where it is none. Entities and document types are refused."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import parse

    if path.stat().st_size > MOST_BYTES:
        raise FileError(path, found=f"{path.stat().st_size} bytes", expected=f"at most {MOST_BYTES >> 20} MiB")
    try:
        root = parse(path, forbid_dtd=True).getroot()
    except (ParseError, DefusedXmlException, LookupError) as error:
        raise FileError(path, found=f"XML that cannot be read ({error})", expected="an ELAN document") from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise FileError(
            path, field=f"element {root.tag[:40]}", found="another kind of XML", expected="ANNOTATION_DOCUMENT"
        )
    head = root.find("HEADER")
    unit = "milliseconds" if head is None else head.get("TIME_UNITS", "milliseconds")
    if unit != "milliseconds":
        raise FileError(path, field="TIME_UNITS", found=repr(unit[:40]), expected="milliseconds")
    tiers, dependent = _tiers(path, root)
    return Found(
        tiers,
        dict(_vocabularies(root)),
        {p.get("NAME", ""): p.text or "" for p in root.iterfind("HEADER/PROPERTY")},
        tuple(m.get("MEDIA_URL", "") for m in root.iterfind("HEADER/MEDIA_DESCRIPTOR")),
        (f"{dependent} annotations that hang on others: they have the times of those",) if dependent else (),
    )


def _tiers(path: Path, root: Any) -> tuple[tuple[FoundTier, ...], int]:
    slots = _slots(path, root)
    times: dict[str, tuple[float, float]] = {}
    parents: dict[str, str] = {}
    families: dict[tuple[int, str], list[str]] = {}
    for index, tier in enumerate(root.iterfind("TIER")):
        for a in _annotations(tier):
            name = a.get("ANNOTATION_ID", "")
            if name in times or name in parents:
                raise FileError(path, field=f"annotation {name[:40]}", found="twice", expected="distinct ids")
            if a.tag == "ALIGNABLE_ANNOTATION":
                times[name] = _span(path, slots, a)
            else:
                parents[name] = a.get("ANNOTATION_REF", "")
                families.setdefault((index, parents[name]), []).append(name)
    _hang(path, times, parents, families)
    tiers = tuple(
        FoundTier(
            tier.get("TIER_ID", ""),
            tier.get("ANNOTATOR", ""),
            tuple(
                FoundAnnotation(name := a.get("ANNOTATION_ID", ""), *times[name], a.findtext("ANNOTATION_VALUE") or "")
                for a in _annotations(tier)
            ),
        )
        for tier in root.iterfind("TIER")
    )
    return tiers, len(parents)


def _annotations(tier: Any) -> Iterator[Any]:
    for box in tier.iterfind("ANNOTATION"):
        yield from (a for a in box if a.tag in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"))


def _slots(path: Path, root: Any) -> dict[str, float]:
    """Times of the slots, ms; those without one are spread evenly between their neighbours that have one."""
    names: list[str] = []
    known: list[tuple[int, float]] = []
    for slot in root.iterfind("TIME_ORDER/TIME_SLOT"):
        value = slot.get("TIME_VALUE")
        if value is not None:
            if not re.fullmatch(r"\d{1,15}", value.strip()):
                raise FileError(path, field=f"slot {slot.get('TIME_SLOT_ID', '')[:40]}", found=repr(value[:40]),
                                expected="whole milliseconds")  # fmt: skip
            known.append((len(names), float(value)))
        names.append(slot.get("TIME_SLOT_ID", ""))
    values: list[float] = []
    before = (-1, 0.0)
    for at, value in [*known, (len(names), known[-1][1] if known else 0.0)]:
        step = (value - before[1]) / (at - before[0])
        values += [before[1] + step * (i - before[0]) for i in range(before[0] + 1, at)]
        values.append(value)
        before = (at, value)
    return dict(zip(names, values, strict=False))


def _span(path: Path, slots: dict[str, float], a: Any) -> tuple[float, float]:
    try:
        start, end = (slots[a.get(k, "")] for k in ("TIME_SLOT_REF1", "TIME_SLOT_REF2"))
    except KeyError as error:
        raise FileError(path, field=f"annotation {a.get('ANNOTATION_ID', '')[:40]}", found=f"no time slot {error}",
                        expected="two slots of TIME_ORDER") from None  # fmt: skip
    return start, end


def _hang(
    path: Path, times: dict[str, tuple[float, float]], parents: dict[str, str],
    families: dict[tuple[int, str], list[str]],
) -> None:  # fmt: skip
    """Give what hangs on others its times: those of the parent, shared evenly by what is on one tier."""
    waiting = dict(families)
    while waiting:
        ready = [key for key in waiting if key[1] in times]
        if not ready:
            orphan = next(iter(waiting.values()))[0]
            raise FileError(path, field=f"annotation {orphan[:40]}", found=f"no parent {parents[orphan][:40]!r}",
                            expected="a parent that has times")  # fmt: skip
        for key in ready:
            start, end = times[key[1]]
            some = waiting.pop(key)
            edges = [start + (end - start) * i / len(some) for i in range(len(some))] + [end]
            times.update({name: (edges[i], edges[i + 1]) for i, name in enumerate(some)})


def _vocabularies(root: Any) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    entries = {cv.get("CV_ID", ""): tuple(_entries(cv)) for cv in root.iterfind("CONTROLLED_VOCABULARY")}
    types = {
        t.get("LINGUISTIC_TYPE_ID", ""): t.get("CONTROLLED_VOCABULARY_REF", "")
        for t in root.iterfind("LINGUISTIC_TYPE")
    }
    for tier in root.iterfind("TIER"):
        found = entries.get(types.get(tier.get("LINGUISTIC_TYPE_REF", ""), ""), ())
        if found:
            yield tier.get("TIER_ID", ""), found


def _entries(vocabulary: Any) -> Iterator[Entry]:
    """Entries of either generation: with one text (to EAF 2.7), or one in each language."""
    for entry in vocabulary:
        value = entry.find("CVE_VALUE") if entry.tag == "CV_ENTRY_ML" else entry if entry.tag == "CV_ENTRY" else None
        if value is not None and value.text:
            about = value.get("DESCRIPTION", "")
            color = _COLOR.search(about)
            yield Entry(value.text, color[0].lower() if color else "", _COLOR.sub("", about, count=1).strip())
