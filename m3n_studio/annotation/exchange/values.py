"""What a file of labels holds, whatever its format; and its plain form, which our own formats share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from m3n_studio.annotation.model import Annotation, LabelClass, Tier, ordered
from m3n_studio.errors import FileError, ValueProblem

NAME, VERSION = "m3n-labels", 1
MOST_BYTES = 256 << 20

#: Fields of an annotation in tables; tier and label by name.
COLUMNS = ("tier", "label", "start_s", "end_s", "author", "source", "confidence", "note", "id")

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\\\]")
_ESCAPED = re.compile(r"\\(\\|u[0-9a-f]{4})")


@dataclass(frozen=True)
class LabelFile:
    """The labels of one session.

    Attributes
    ----------
    tiers : tuple of Tier
        Distinct names and ids.
    annotations : tuple of Annotation
        On those tiers, of their classes; ordered.
    media : tuple of str
        Paths or addresses of what was labelled, as the file names them.
    epoch_s : float or None
        Unix time of the session's second 0, s.
    rate_hz : float or None
        Frames per second, for formats that count frames.
    subject, session : str
    notes : tuple of str
        What the file held that could not be taken over.
    """

    tiers: tuple[Tier, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    media: tuple[str, ...] = ()
    epoch_s: float | None = None
    rate_hz: float | None = None
    subject: str = ""
    session: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, found in (
            ("tiers of one name", [t.name for t in self.tiers]),
            ("tiers of one id", [t.id for t in self.tiers]),
            ("annotations of one id", [a.id for a in self.annotations]),
        ):
            if len(set(found)) < len(found):
                raise ValueProblem(f"labels: two {what}")
        for name in ("epoch_s", "rate_hz"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueProblem(f"labels: {name}: expected a number; found {value}")
        if self.rate_hz is not None and not 0.0 < self.rate_hz <= 1e6:
            raise ValueProblem(f"labels: expected a frame rate above 0 Hz; found {self.rate_hz}")
        known = {(t.id, c.id) for t in self.tiers for c in t.classes}
        lost = next((a for a in self.annotations if (a.tier, a.label) not in known), None)
        if lost is not None:
            raise ValueProblem(f"labels: the annotation at {lost.start_s:.3f} s has a tier or class that is not there")
        object.__setattr__(self, "annotations", ordered(self.annotations))

    def tier_of(self, a: Annotation) -> Tier:
        """The tier of one of its annotations."""
        return next(t for t in self.tiers if t.id == a.tier)


def header(file: LabelFile) -> dict[str, Any]:
    """All but the annotations, for JSON."""
    tiers = [
        {
            "name": t.name, "kind": t.kind, "exclusive": t.exclusive, "id": t.id,
            "classes": [
                {"name": c.name, "color": c.color, "key": c.key, "parent": c.parent, "note": c.note, "id": c.id}
                for c in t.classes
            ],
        }
        for t in file.tiers
    ]  # fmt: skip
    return {
        "format": NAME, "version": VERSION, "tiers": tiers, "media": list(file.media), "epoch_s": file.epoch_s,
        "rate_hz": file.rate_hz, "subject": file.subject, "session": file.session,
    }  # fmt: skip


def rows(file: LabelFile) -> list[dict[str, Any]]:
    """The annotations with their tiers and classes by name; keys are `COLUMNS`."""
    names = {t.id: (t.name, {c.id: c.name for c in t.classes}) for t in file.tiers}
    return [
        {
            "tier": names[a.tier][0], "label": names[a.tier][1][a.label], "start_s": a.start_s, "end_s": a.end_s,
            "author": a.author, "source": a.source, "confidence": a.confidence, "note": a.note, "id": a.id,
        }
        for a in file.annotations
    ]  # fmt: skip


def from_header(data: Any) -> LabelFile:
    """The file without its annotations; `ValueProblem` where the header is not ours."""
    if not isinstance(data, Mapping) or data.get("format") != NAME:
        raise ValueProblem(f"expected the header of {NAME}; found {str(data)[:60]!r}")
    if data.get("version") != VERSION:
        raise ValueProblem(f"expected version {VERSION} of {NAME}; found {str(data.get('version'))[:20]}")
    tiers = []
    for t in _items(data, "tiers"):
        classes = tuple(
            LabelClass(*(_text(c, k) for k in ("name", "color", "key", "parent", "note", "id")))
            for c in _items(t, "classes")
        )
        tiers.append(Tier(_text(t, "name"), _kind(t), bool(t.get("exclusive")), classes, _text(t, "id")))
    media = data.get("media", [])
    if not isinstance(media, list) or not all(isinstance(m, str) for m in media):
        raise ValueProblem("media: expected a list of texts")
    return LabelFile(
        tuple(tiers), (), tuple(media), _number(data, "epoch_s"), _number(data, "rate_hz"),
        _text(data, "subject"), _text(data, "session"),
    )  # fmt: skip


def _items(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = data.get(key)
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise ValueProblem(f"{key}: expected a list of objects")
    return found


def _text(data: Mapping[str, Any], key: str) -> str:
    found = data.get(key, "")
    if not isinstance(found, str):
        raise ValueProblem(f"{key}: expected a text; found {str(found)[:40]!r}")
    return found


def _number(data: Mapping[str, Any], key: str) -> float | None:
    found = data.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ValueProblem(f"{key}: expected a number; found {str(found)[:40]!r}")
    return float(found)


def _kind(data: Mapping[str, Any]) -> Any:
    return _text(data, "kind")


def read_text(path: Path) -> str:
    """A UTF-8 text file; `FileError` where it is none, or larger than a file of labels is."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise FileError(path, found=f"{size} bytes", expected=f"labels in at most {MOST_BYTES >> 20} MiB")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(
            path, field=f"byte {error.start}", found="bytes that are no UTF-8 text", expected="a text file"
        ) from error
    if "\0" in text:
        raise FileError(path, field=f"character {text.index(chr(0))}", found="a zero byte", expected="a text file")
    return text


def number(path: Path, text: str, field: str) -> float:
    """A finite number; `FileError` naming the field where it is none."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FileError(path, field=field, found=repr(text[:40]), expected="a number")
    return value


def escape(text: str) -> str:
    r"""Text without line breaks, tabs, control characters: as ``\\uXXXX``, a backslash doubled."""
    return _UNSAFE.sub(lambda m: "\\\\" if m[0] == "\\" else f"\\u{ord(m[0]):04x}", text)


def unescape(text: str) -> str:
    """What was escaped."""
    return _ESCAPED.sub(lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), text)


def plain_line(text: str) -> str:
    """Text on one line, for formats without escapes: what XML or a table cannot hold becomes a blank."""
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]", " ", text)


def used_names(file: LabelFile, of: Iterable[Annotation] | None = None) -> list[str]:
    """Names of the classes some annotations have, in the order of the tiers."""
    used = {(a.tier, a.label) for a in (file.annotations if of is None else of)}
    return list(dict.fromkeys(c.name for t in file.tiers for c in t.classes if (t.id, c.id) in used))
