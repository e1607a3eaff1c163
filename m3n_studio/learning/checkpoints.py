"""Checkpoints: tensors and plain values in a file that appears whole or not at all, read without pickle's powers."""

from __future__ import annotations

import pickle
import random
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError

VERSION = 1
_ALGORITHM = "MT19937"


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint; what was there stays until this one is whole and flushed."""
    with atomic(path) as part:
        torch.save({"version": VERSION, **content}, part)


def load(path: Path, needed: tuple[str, ...] = ("model",)) -> dict[str, Any]:
    """Read a checkpoint onto the CPU.

    Raises
    ------
    FileError
        Where it is missing, damaged, of another version, holds anything but tensors and plain
        values, or lacks something `needed`.
    """
    if not path.is_file():
        raise FileError(path, found="no such checkpoint", expected="a run that has trained for an epoch")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise FileError(path, found=f"it is damaged ({damaged})", expected="a whole checkpoint")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileError:
        raise
    except pickle.UnpicklingError as error:
        raise FileError(path, found="it holds more than tensors and plain values, or is damaged",
                        expected="a checkpoint of ours") from error  # fmt: skip
    except Exception as error:  # whatever a damaged archive makes torch raise
        raise FileError(
            path, found=f"it cannot be read ({type(error).__name__})", expected="a whole checkpoint"
        ) from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise FileError(path, field="version", found="another version or no checkpoint", expected=str(VERSION))
    lacking = [name for name in needed if name not in content]
    if lacking:
        raise FileError(path, field=lacking[0], found="it is missing", expected="a whole checkpoint")
    return content


def fill(model: Any, state: Mapping[str, Any], path: Path) -> None:
    """Give a model the weights of a checkpoint; `FileError` where they do not fit."""
    try:
        model.load_state_dict(state)
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        first = " ".join(str(error).split())[:200]
        raise FileError(path, field="model", found=f"weights that do not fit ({first})",
                        expected="the model of the run's config.toml") from error  # fmt: skip


def generators() -> dict[str, Any]:
    """State of every global generator a training step may draw from."""
    name, keys, at, has, gauss = cast("tuple[str, Any, int, int, float]", np.random.get_state(legacy=True))
    version, inner, spare = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": {"name": str(name), "keys": torch.from_numpy(keys.astype(np.int64)), "at": int(at), "has": int(has),
                  "gauss": float(gauss)},
        "python": {"version": version, "inner": torch.tensor(inner, dtype=torch.int64), "spare": spare},
    }  # fmt: skip


def restore_generators(state: Mapping[str, Any]) -> None:
    """Put every global generator back to what :func:`generators` gave."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    numbers, python = state["numpy"], state["python"]
    keys = numbers["keys"].numpy().astype(np.uint32)
    np.random.set_state((_ALGORITHM, keys, numbers["at"], numbers["has"], numbers["gauss"]))
    random.setstate((python["version"], tuple(python["inner"].tolist()), python["spare"]))


def seed_all(seed: int) -> None:
    """Begin every global generator anew."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)
