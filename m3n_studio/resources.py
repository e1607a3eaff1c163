"""Where the files shipped with the program are, installed or in a checkout."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def resources_dir() -> Path:
    """The folder of shipped resources: inside the installed package, else the checkout's."""
    package = Path(__file__).resolve().parent
    inside = package / "resources"
    return inside if inside.is_dir() else package.parent / "resources"


def resource(*parts: str) -> Path:
    """Path of one shipped file, e.g. ``resource("body", "m3n_body.npz")``."""
    return resources_dir().joinpath(*parts)
