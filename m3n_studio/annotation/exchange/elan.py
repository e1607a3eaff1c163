"""ELAN annotation documents (EAF 3.0), read and written.

ELAN counts whole milliseconds; times are rounded to the nearest, and nothing is shorter than 1 ms there: a moment is
a stretch of 1 ms. On one ELAN tier nothing overlaps, so a tier with overlaps becomes several. Exact times and what
ELAN has no place for are in a property of the document's header; reading takes them from there for every
annotation whose time and text in the document are still those written, so our own round trip loses nothing, and
what was changed in ELAN counts.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent  # written here; read with defusedxml

from m3n_studio.annotation.exchange.builder import Builder
from m3n_studio.annotation.exchange.elan_read import Found, read_document
from m3n_studio.annotation.exchange.values import LabelFile, from_header, header, plain_line, rows
from m3n_studio.annotation.model import LabelClass, Tier
from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError

PROPERTY = "m3n-studio-labels"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_LANGUAGE = {
    "LANG_DEF": "http://cdb.iso.org/lg/CDB-00130975-001", "LANG_ID": "und", "LANG_LABEL": "undetermined (und)",
}  # fmt: skip
_CONSTRAINTS = {
    "Time_Subdivision": "Time subdivision of parent annotation's time interval, no time gaps allowed within it",
    "Symbolic_Subdivision": "Symbolic subdivision of a parent annotation; those of one parent are ordered",
    "Symbolic_Association": "1-1 association with a parent annotation",
    "Included_In": "Time alignable annotations within the parent annotation's time interval, gaps are allowed",
}


def sniff(path: Path, head: bytes) -> bool:
    """Whether it is an ELAN document."""
    return b"<ANNOTATION_DOCUMENT" in head


def read(path: Path) -> LabelFile:
    """Read a document; annotations that hang on others have the times of those."""
    found = read_document(path)
    known, exact = _ours(path, found)
    builder = Builder(known)
    for name, entries in found.vocabularies.items():
        for entry in entries if known is None else ():
            builder.label(name, entry.name, color=entry.color, note=entry.note)
    for tier in found.tiers:
        lane = exact.get("lanes", {}).get(tier.name)
        if lane is None:
            builder.tier(tier.name)
        for a in tier.annotations:
            row = exact.get("rows", {}).get(a.id)
            if isinstance(row, Mapping) and _unchanged(row, a.start_ms, a.end_ms, a.text):
                builder.add_row(row)
            else:
                builder.add(lane or tier.name, a.text, a.start_ms / 1e3, a.end_ms / 1e3, author=tier.annotator)
    media = found.media if known is None else known.media
    return builder.result(media=media, notes=found.notes)


def _ours(path: Path, found: Found) -> tuple[LabelFile | None, dict[str, Any]]:
    text = found.properties.get(PROPERTY)
    if text is None:
        return None, {}
    said = json.loads(text)
    lanes, exact = (said.get(k) if isinstance(said, dict) else None for k in ("lanes", "rows"))
    if (
        not isinstance(lanes, dict)
        or not isinstance(exact, dict)
        or not all(isinstance(v, str) for v in lanes.values())
    ):
        raise FileError(path, field=f"property {PROPERTY}", found="other data", expected="header, lanes and rows")
    return from_header(said.get("header")), {"lanes": lanes, "rows": exact}


def _unchanged(row: Mapping[str, Any], start_ms: float, end_ms: float, text: str) -> bool:
    times = [row.get(k) for k in ("start_s", "end_s")]
    if not all(isinstance(t, int | float) for t in times) or not isinstance(row.get("label"), str):
        return False
    return span_ms(*times) == (start_ms, end_ms) and shown(row["label"]) == text  # type: ignore[arg-type]


def span_ms(start_s: float, end_s: float) -> tuple[int, int]:
    """Milliseconds of an interval as ELAN has them: nearest, from 0 on, at least 1 long."""
    start = max(round(start_s * 1e3), 0)
    return start, max(round(end_s * 1e3), start + 1)


def shown(name: str) -> str:
    """A text as XML can hold it, whatever a parser does to blanks."""
    return plain_line(name)


def write(path: Path, file: LabelFile) -> None:
    """Write a document."""
    said = rows(file)
    lanes = _lanes(file, said)
    ids = {row["id"]: f"a{i}" for i, row in enumerate(said, start=1)}
    root = Element("ANNOTATION_DOCUMENT", {
        "AUTHOR": "", "DATE": "1970-01-01T00:00:00+00:00", "FORMAT": "3.0", "VERSION": "3.0",
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "xsi:noNamespaceSchemaLocation": _SCHEMA,
    })  # fmt: skip
    head = SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    for name in file.media:
        kind = mimetypes.guess_type(name)[0] or "unknown"
        SubElement(head, "MEDIA_DESCRIPTOR", {"MEDIA_URL": plain_line(name), "MIME_TYPE": kind})
    ours = {"header": header(file), "lanes": {k: tier.name for k, (tier, _) in lanes.items()},
            "rows": {ids[row["id"]]: row for row in said}}  # fmt: skip
    SubElement(head, "PROPERTY", {"NAME": PROPERTY}).text = json.dumps(ours)
    SubElement(head, "PROPERTY", {"NAME": "lastUsedAnnotationId"}).text = str(len(said))
    slots = _time_order(root, said)
    for lane, (tier, some) in lanes.items():
        _tier(root, lane, _type(file, tier), some, ids, slots)
    for tier in file.tiers:
        SubElement(root, "LINGUISTIC_TYPE", {
            "LINGUISTIC_TYPE_ID": _type(file, tier), "TIME_ALIGNABLE": "true", "GRAPHIC_REFERENCES": "false",
            "CONTROLLED_VOCABULARY_REF": _type(file, tier),
        })  # fmt: skip
    SubElement(root, "LOCALE", {"COUNTRY_CODE": "US", "LANGUAGE_CODE": "en"})
    SubElement(root, "LANGUAGE", _LANGUAGE)
    for name, about in _CONSTRAINTS.items():
        SubElement(root, "CONSTRAINT", {"STEREOTYPE": name, "DESCRIPTION": about})
    for i, tier in enumerate(file.tiers):
        _vocabulary(root, _type(file, tier), i, tier.classes)
    indent(root)
    with atomic(path) as part:
        ElementTree(root).write(part, encoding="UTF-8", xml_declaration=True)


def _type(file: LabelFile, tier: Tier) -> str:
    """Name of a tier's linguistic type and vocabulary; numbered, so that no two are alike."""
    return f"{file.tiers.index(tier) + 1} {shown(tier.name)}"


def _lanes(file: LabelFile, said: list[dict[str, Any]]) -> dict[str, tuple[Tier, list[dict[str, Any]]]]:
    """ELAN tiers by their names: as many for each of ours as its overlaps, in milliseconds, need."""
    lanes: dict[str, tuple[Tier, list[dict[str, Any]]]] = {}
    for tier in file.tiers:
        parts: list[list[dict[str, Any]]] = [[]]
        until = [0]
        for row in sorted((r for r in said if r["tier"] == tier.name), key=lambda r: span_ms(r["start_s"], r["end_s"])):
            start, end = span_ms(row["start_s"], row["end_s"])
            free = next((i for i, busy in enumerate(until) if busy <= start), None)
            if free is None:
                free = len(parts)
                parts.append([])
                until.append(0)
            parts[free].append(row)
            until[free] = end
        for i, some in enumerate(parts):
            name = shown(tier.name) if i == 0 else f"{shown(tier.name)} ({i + 1})"
            while name in lanes:
                name += "'"
            lanes[name] = (tier, some)
    return lanes


def _time_order(root: Element, said: list[dict[str, Any]]) -> dict[tuple[str, int], str]:
    """A time slot for each edge, in order of time; by annotation id and edge (0, 1)."""
    order = SubElement(root, "TIME_ORDER")
    edges = sorted(
        (ms, row["id"], edge) for row in said for edge, ms in enumerate(span_ms(row["start_s"], row["end_s"]))
    )
    slots = {}
    for i, (ms, name, edge) in enumerate(edges, start=1):
        slots[name, edge] = f"ts{i}"
        SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{i}", "TIME_VALUE": str(ms)})
    return slots


def _tier(
    root: Element, name: str, kind: str, some: list[dict[str, Any]], ids: Mapping[str, str],
    slots: Mapping[tuple[str, int], str],
) -> None:  # fmt: skip
    about = {"TIER_ID": name, "LINGUISTIC_TYPE_REF": kind}
    authors = {row["author"] for row in some}
    if len(authors) == 1 and "" not in authors:
        about["ANNOTATOR"] = plain_line(next(iter(authors)))
    element = SubElement(root, "TIER", about)
    for row in some:
        box = SubElement(element, "ANNOTATION")
        alignable = SubElement(box, "ALIGNABLE_ANNOTATION", {
            "ANNOTATION_ID": ids[row["id"]],
            "TIME_SLOT_REF1": slots[row["id"], 0], "TIME_SLOT_REF2": slots[row["id"], 1],
        })  # fmt: skip
        SubElement(alignable, "ANNOTATION_VALUE").text = shown(row["label"])


def _vocabulary(root: Element, name: str, index: int, classes: tuple[LabelClass, ...]) -> None:
    box = SubElement(root, "CONTROLLED_VOCABULARY", {"CV_ID": name})
    SubElement(box, "DESCRIPTION", {"LANG_REF": "und"})
    for i, c in enumerate(classes):
        entry = SubElement(box, "CV_ENTRY_ML", {"CVE_ID": f"cveid_{index + 1}_{i + 1}"})
        about = " ".join(filter(None, (c.color, shown(c.note))))
        SubElement(entry, "CVE_VALUE", {"DESCRIPTION": about, "LANG_REF": "und"}).text = shown(c.name)
