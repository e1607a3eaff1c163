"""Shader programs from ``resources/shaders``, in any OpenGL 2.1 context through vispy's gloo."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from m3n_studio.resources import resource


def program(name: str, *, defines: dict[str, int] | None = None) -> Any:
    """The gloo program made of ``<name>.vert`` and ``<name>.frag``."""
    from vispy import gloo

    sources = []
    for kind in ("vert", "frag"):
        text = resource("shaders", f"{name}.{kind}").read_text("utf-8")
        version, _, rest = text.partition("\n")
        lines = [f"#define {key} {value}" for key, value in (defines or {}).items()]
        sources.append("\n".join([version, *lines, rest]))
    return gloo.Program(*sources)


def uniform(matrix: ArrayLike) -> np.ndarray:
    """A matrix for column vectors as gloo wants it: float32, transposed."""
    return np.ascontiguousarray(np.asarray(matrix, dtype=np.float32).T)
