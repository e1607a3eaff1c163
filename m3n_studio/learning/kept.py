"""Classical models in a run's folder: arrays in a NumPy archive that appears whole or not at all, without pickle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError, ValueProblem

if TYPE_CHECKING:
    from m3n_studio.learning.classical import Classical

NAME = "model.npz"
VERSION = 1


def write_model(path: Path, model: Classical) -> None:
    """Keep what a model learned."""
    content: dict[str, Any] = {"version": np.array(VERSION), **model.arrays()}
    with atomic(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **content)


def read_model(path: Path, empty: Classical) -> Classical:
    """The model a file keeps, of the kind of one that has learned nothing.

    Raises
    ------
    FileError
        Where it is missing, damaged, of another version or of another kind of model.
    """
    if not path.is_file():
        raise FileError(path, found="no such model", expected="a run made by this version, which keeps its models")
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # whatever a damaged archive makes zipfile and NumPy raise
        raise FileError(path, found=f"it cannot be read ({type(error).__name__})", expected="a kept model") from error
    version = arrays.pop("version", None)
    if version is None or version.shape != () or version.dtype.kind != "i" or int(version) != VERSION:
        raise FileError(path, field="version", found="another version or no model", expected=str(VERSION))
    try:
        return empty.fill(arrays)
    except ValueProblem as error:
        raise FileError(path, found=str(error), expected="a model of the run's method") from error
