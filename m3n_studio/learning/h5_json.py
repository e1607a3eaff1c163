"""Words in HDF5 files without variable-length strings: damaged ones can make the HDF5 library search for ever."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

_NAME = "json"


def put(file: Any, format: str, version: int, words: dict[str, Any]) -> None:
    """Mark an open file's format and keep plain values in it, as JSON in bytes."""
    file.attrs["format"] = np.bytes_(format.encode())
    file.attrs["format_version"] = version
    file[_NAME] = np.frombuffer(json.dumps(words).encode(), dtype=np.uint8)


def get(file: Any, format: str, version: int) -> dict[str, Any]:
    """The values :func:`put` kept; ``ValueError`` for another format or version."""
    kind = file.attrs.get_id("format").dtype
    if kind.kind != "S" or file.attrs["format"] != np.bytes_(format.encode()):
        raise ValueError("another format")
    if int(file.attrs["format_version"]) != version:
        raise ValueError("another version")
    if file[_NAME].dtype != np.uint8:
        raise ValueError("words that are no bytes")
    words = json.loads(file[_NAME][:].tobytes())
    if not isinstance(words, dict):
        raise ValueError("words that are no table")
    return words


def names(words: dict[str, Any], name: str) -> tuple[str, ...]:
    """A list of strings among the values; ``ValueError`` where it is something else."""
    found = words[name]
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ValueError(f"{name} is no list of names")
    return tuple(found)
