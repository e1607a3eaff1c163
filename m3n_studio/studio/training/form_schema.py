"""Settings as a form needs them: names, words, units, ranges and choices out of the configuration's own schema. No Qt.

A value and what is written in a field are the same thing said twice: :func:`text_of` and
:func:`value_of` are inverse to each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["int", "float", "bool", "choice", "text", "names", "ints", "numbers"]

#: Not shown: they say what a configuration is, not what it does.
HIDDEN = ("version", "preset")
_TITLES = {
    "imu": "IMU encoder", "pose": "Pose encoder", "text": "Text", "deepconvlstm": "DeepConvLSTM", "decoder": "Decoders",
    "pose2imu": "Pose2IMU", "windows": "Windows", "pretrain": "Pretraining", "finetune": "Finetuning",
}  # fmt: skip
_UNITS = ("s", "hz", "deg", "m")

#: Which tables mean something for a kind of run.
TABLES: Mapping[str, tuple[str, ...]] = {
    "finetune": ("windows", "finetune", "model.imu", "model.classifier", "model.deepconvlstm"),
    "pretrain": ("windows", "pretrain", "model.imu", "model.pose", "model.text", "model.decoder", "text"),
}


@dataclass(frozen=True)
class FieldSpec:
    """One setting.

    Attributes
    ----------
    name : str
        Dotted.
    group, title, about, unit : str
        Words; `group` is that of its table.
    kind : str
    low, high : float or None
        The range; `low_open`, `high_open` say that the end itself is not in it.
    choices : tuple of str
        Of kind ``choice``.
    """

    name: str
    group: str
    title: str
    about: str
    unit: str = ""
    kind: Kind = "text"
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    choices: tuple[str, ...] = ()

    @property
    def range_text(self) -> str:
        """The range in words, with its unit; empty without one."""
        unit = f" {self.unit}" if self.unit else ""
        low = "" if self.low is None else f"{'above' if self.low_open else 'at least'} {_figure(self.low)}"
        high = "" if self.high is None else f"{'below' if self.high_open else 'at most'} {_figure(self.high)}"
        if self.low is not None and self.high is not None and not self.low_open and not self.high_open:
            return f"{_figure(self.low)} to {_figure(self.high)}{unit}"
        words = ", ".join(w for w in (low, high) if w)
        return f"{words}{unit}" if words else ""

    def says(self, words: str) -> bool:
        """Whether all of some words occur in what it is called or about."""
        mine = f"{self.name} {self.title} {self.group} {self.about}".lower()
        return all(word in mine for word in words.lower().split())


def for_kind(fields: Mapping[str, FieldSpec], kind: str) -> dict[str, FieldSpec]:
    """The settings that matter for a kind of run."""
    return {n: f for n, f in fields.items() if any(n.startswith(f"{table}.") for table in TABLES[kind])}


def fields_of(schema: Mapping[str, Any]) -> dict[str, FieldSpec]:
    """Every setting of a JSON schema by dotted name, in order."""
    found: dict[str, FieldSpec] = {}
    _collect(schema, schema.get("$defs", {}), (), "", found)
    return {name: spec for name, spec in found.items() if name not in HIDDEN}


def _collect(
    table: Mapping[str, Any], defs: Mapping[str, Any], path: tuple[str, ...], about: str, found: dict[str, FieldSpec]
) -> None:
    group = " · ".join(_words(step) for step in path)
    for name, given in table.get("properties", {}).items():
        ref = given.get("$ref") or next((part["$ref"] for part in given.get("allOf", ()) if "$ref" in part), "")
        if ref:
            _collect(defs[ref.rsplit("/", 1)[-1]], defs, (*path, name), given.get("description", ""), found)
            continue
        dotted = ".".join((*path, name))
        found[dotted] = FieldSpec(
            dotted, group, _words(name), given.get("description", ""), given.get("unit", ""), _kind(given),
            given.get("minimum", given.get("exclusiveMinimum")), given.get("maximum", given.get("exclusiveMaximum")),
            "exclusiveMinimum" in given, "exclusiveMaximum" in given, tuple(given.get("enum", ())),
        )  # fmt: skip


def _kind(given: Mapping[str, Any]) -> Kind:
    if "enum" in given:
        return "choice"
    if given.get("type") == "array":
        items = [given.get("items"), *given.get("prefixItems", ())]
        whole = any(isinstance(i, Mapping) and i.get("type") == "integer" for i in items)
        return "ints" if whole else "names"
    kinds: dict[str, Kind] = {"integer": "int", "number": "float", "boolean": "bool", "object": "numbers"}
    return kinds.get(str(given.get("type")), "text")


def _words(name: str) -> str:
    """A name of the configuration for people; its unit is said elsewhere."""
    if name in _TITLES:
        return _TITLES[name]
    parts = name.split("_")
    if len(parts) > 1 and parts[-1] in _UNITS:
        parts = parts[:-1]
    words = " ".join(parts)
    return words[:1].upper() + words[1:]


def _figure(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() else f"{value:g}"


def text_of(spec: FieldSpec, value: Any) -> str:
    """What stands in the field for a value."""
    if spec.kind == "bool":
        return "yes" if value else "no"
    if spec.kind == "names":
        return ", ".join(_quoted(str(v)) for v in value)
    if spec.kind == "ints":
        return ", ".join(str(v) for v in value)
    if spec.kind == "numbers":
        return ", ".join(f"{name} = {number!r}" for name, number in value.items())
    return repr(value) if spec.kind in ("int", "float") else str(value)


def _quoted(word: str) -> str:
    plain = word and word == word.strip() and not any(c in word for c in ',"\\') and word.isprintable()
    return word if plain else json.dumps(word)


def value_of(spec: FieldSpec, text: str) -> Any:
    """What a field says; `ValueError` with a reason where it says nothing of its kind."""
    return _READERS[spec.kind](text)


def _int(text: str) -> int:
    try:
        return int(text.strip().replace("_", "").replace(" ", ""))
    except ValueError:
        raise ValueError(f"a whole number is needed; found {text.strip() or 'nothing'!r}") from None


def _float(text: str) -> float:
    try:
        return float(text.strip())
    except ValueError:
        raise ValueError(f"a number is needed, e.g. 0.001 or 1e-3; found {text.strip() or 'nothing'!r}") from None


def _names(text: str) -> tuple[str, ...]:
    """Names between commas; one in quotation marks is taken as it is."""
    out, rest, decoder = [], text.strip(), json.JSONDecoder()
    while rest:
        if rest.startswith('"'):
            try:
                word, end = decoder.raw_decode(rest)
            except ValueError:
                raise ValueError("a name in quotation marks is not ended") from None
            rest = rest[end:].lstrip()
            if rest and not rest.startswith(","):
                raise ValueError(f"a comma is needed after {word!r}")
            out.append(word)
            rest = rest[1:].lstrip()
        else:
            word, _, rest = rest.partition(",")
            out += [word.strip()] if word.strip() else []
            rest = rest.lstrip()
    return tuple(out)


def _ints(text: str) -> tuple[int, ...]:
    return tuple(_int(part) for part in text.split(",") if part.strip())


def _numbers(text: str) -> dict[str, float]:
    """Numbers by name: ``one = 0.5, other = 2``."""
    out: dict[str, float] = {}
    for part in filter(str.strip, text.split(",")):
        name, equals, number = (word.strip() for word in part.partition("="))
        if not (name and equals):
            raise ValueError(f"a name, = and a number are needed, e.g. name = 0.5; found {part.strip()!r}")
        if name in out:
            raise ValueError(f"{name} is there twice")
        out[name] = _float(number)
    return out


_READERS: dict[str, Any] = {
    "int": _int, "float": _float, "bool": lambda text: text.strip().lower() in ("yes", "true", "1"),
    "choice": str, "text": str, "names": _names, "ints": _ints, "numbers": _numbers,
}  # fmt: skip
