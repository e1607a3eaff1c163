"""A configuration while it is being edited: every field's value, what is wrong with it, how it differs. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from m3n_studio.errors import M3nError
from m3n_studio.learning.config import LearningConfig, load_preset
from m3n_studio.learning.settings import SettingProblem
from m3n_studio.studio.training.form_schema import FieldSpec, fields_of, text_of, value_of


class Draft:
    """What the form holds.

    Attributes
    ----------
    fields : mapping of str to FieldSpec
    problems : mapping of str to str
        What is wrong, by the name of the field at fault.
    config : LearningConfig or None
        What the fields say; None where something is wrong.
    preset : str
        The one it is compared with.
    """

    def __init__(self, config: LearningConfig) -> None:
        self.fields: Mapping[str, FieldSpec] = fields_of(LearningConfig.model_json_schema())
        self.problems: dict[str, str] = {}
        self._unread: dict[str, tuple[str, str]] = {}  # what is written, and why it says nothing
        self._written: dict[str, str] = {}  # the user's way of writing a value, e.g. "1e-3"
        self.load(config)

    def load(self, config: LearningConfig) -> None:
        """Hold another configuration."""
        self._values = config.flat("python")
        self._unread.clear()
        self._written.clear()
        self.config: LearningConfig | None = config
        self.problems = {}
        self.preset = config.preset
        try:
            base = load_preset(config.preset)
        except M3nError:  # of another version of the program, or somebody's own
            base = LearningConfig()
        self._base = base.flat("python")

    def text(self, name: str) -> str:
        """What stands in a field."""
        if name in self._unread:
            return self._unread[name][0]
        return self._written.get(name) or text_of(self.fields[name], self._values[name])

    def value(self, name: str) -> Any:
        """The last value a field had that can be read."""
        return self._values[name]

    def write(self, name: str, text: str) -> None:
        """The user wrote something into a field."""
        try:
            value = value_of(self.fields[name], text)
        except ValueError as error:
            self._unread[name] = (text, str(error))
            self._check(name)
        else:
            self.put({name: value})
            self._written[name] = text

    def put(self, values: Mapping[str, Any]) -> None:
        """Fields get values."""
        for name, value in values.items():
            self._values[name] = value
            self._unread.pop(name, None)
            self._written.pop(name, None)
        self._check(next(iter(values), ""))

    def differs(self, name: str) -> bool:
        """Whether a field says something else than the preset."""
        return name in self._unread or self._values[name] != self._base[name]

    def of_preset(self, name: str) -> str:
        """What the preset says."""
        return text_of(self.fields[name], self._base[name])

    def put_back(self, *names: str) -> None:
        """Fields say what the preset says."""
        self.put({name: self._base[name] for name in names})

    def changed(self) -> tuple[str, ...]:
        """Fields that differ from the preset."""
        return tuple(name for name in self.fields if self.differs(name))

    def _check(self, touched: str) -> None:
        self.problems = {name: why for name, (_, why) in self._unread.items()}
        self.config = None
        try:
            config = LearningConfig.parse(_nested(self._values))
        except SettingProblem as error:
            at = error.field if error.field in self.fields else touched
            self.problems.setdefault(at, _reason(error))
        else:
            self.config = None if self._unread else config


def _reason(error: SettingProblem) -> str:
    """What is wrong, without the field's name, which is beside it."""
    text = str(error).removeprefix(f"{error.field}: ").split("; found ")[0]
    return text.removeprefix("Input should be ").strip()


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in values.items():
        *path, last = name.split(".")
        table = out
        for step in path:
            table = table.setdefault(step, {})
        table[last] = value
    return out
