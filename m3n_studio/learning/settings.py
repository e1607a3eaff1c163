"""`Settings`: frozen, validated configuration values whose every field says what it is and in what unit.

All configurations derive from :class:`Settings`. A wrong value or an unknown name is a
:class:`SettingProblem` that names the field and, for a name, the nearest valid one. Descriptions,
units and ranges are in the JSON schema, so that a form can be made from it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from m3n_studio.errors import ValueProblem


class SettingProblem(ValueProblem):
    """A setting that is unknown or out of its range; `field` is its dotted name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def setting(default: Any, description: str, *, unit: str = "", **limits: Any) -> Any:
    """A field with its default, description and unit; `limits` are pydantic's ge, gt, le, lt, min_length."""
    extra: dict[str, Any] | None = {"unit": unit} if unit else None
    if isinstance(default, type):
        return Field(default_factory=default, description=description, json_schema_extra=extra, **limits)
    return Field(default, description=description, json_schema_extra=extra, validate_default=True, **limits)


class Settings(BaseModel):
    """Base of configurations: frozen, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    @classmethod
    def parse(cls, data: Mapping[str, Any], where: str = "") -> Self:
        """The configuration a (nested) mapping describes.

        Parameters
        ----------
        data : mapping
            Names to values; tables within tables.
        where : str
            What to call the source in an error, e.g. a file's name.

        Raises
        ------
        SettingProblem
            One line that names the first setting at fault.
        """
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            raise _problem(cls, error, where) from None

    def with_(self, overrides: Mapping[str, Any] | None = None, /, **changes: Any) -> Self:
        """A copy with some settings changed, checked again.

        Parameters
        ----------
        overrides : mapping
            Dotted names to values (``{"pretrain.optimiser.epochs": 3}``), or tables within tables. A setting that
            is itself a mapping is replaced; a dotted name below it changes one of its entries.
        changes
            Top-level settings by name.
        """
        data = self.model_dump()
        for name, value in {**(overrides or {}), **changes}.items():
            _put(type(self), data, name, value.model_dump() if isinstance(value, Settings) else value)
        return type(self).parse(data)

    def flat(self, mode: Literal["json", "python"] = "json") -> dict[str, Any]:
        """Every setting by its dotted name, in order, as JSON or Python has it; a mapping is one setting."""
        return dict(_flat(type(self), self.model_dump(mode=mode)))

    def differences(self, other: Self) -> dict[str, tuple[Any, Any]]:
        """Settings that differ, by dotted name: (theirs in `other`, ours)."""
        theirs = other.flat()
        return {name: (theirs.get(name), value) for name, value in self.flat().items() if theirs.get(name) != value}


def _put(cls: type[BaseModel] | None, data: dict[str, Any], name: str, value: Any) -> None:
    """Set a dotted name in nested tables of a class; a table is merged into the one that is there."""
    *path, last = name.split(".")
    for step in path:
        cls = _table(cls, step)
        below = data.setdefault(step, {})
        if not isinstance(below, dict):
            raise SettingProblem(f"{name}: {step} is a value and has nothing below it", name)
        data = below
    inside = _table(cls, last)
    if inside is not None and isinstance(value, Mapping) and isinstance(data.get(last), dict):
        for key, inner in value.items():
            _put(inside, data[last], key, inner)
    else:
        data[last] = value


def _flat(cls: type[BaseModel], data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        table = _table(cls, name)
        if table is None:
            yield prefix + name, value
        else:
            yield from _flat(table, value, f"{prefix}{name}.")


def _table(cls: type[BaseModel] | None, name: str) -> type[BaseModel] | None:
    """The class of a field that is a table; None for one that is a value, or unknown."""
    field = cls.model_fields.get(name) if cls else None
    inner = field.annotation if field else None
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _names_at(cls: type[BaseModel], path: Iterable[Any]) -> list[str]:
    """The valid names of the table at a path below a configuration class."""
    for step in path:
        inner = _table(cls, str(step))
        if inner is None:
            return []
        cls = inner
    return list(cls.model_fields)


def _problem(cls: type[BaseModel], error: ValidationError, where: str) -> SettingProblem:
    """The first fault as one line."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(step) for step in first["loc"])
    start = f"{where}: " if where else ""
    if first["type"] == "extra_forbidden":
        name, known = str(first["loc"][-1]), _names_at(cls, first["loc"][:-1])
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return SettingProblem(f"{start}unknown setting {field!r}: {hint}known are {', '.join(known)}", field)
    message = first["msg"].removeprefix("Value error, ")
    shown = repr(first.get("input"))
    found = "" if isinstance(first.get("input"), Mapping) else f"; found {shown[:80]}"
    return SettingProblem(f"{start}{field + ': ' if field else ''}{message}{found}", field)
