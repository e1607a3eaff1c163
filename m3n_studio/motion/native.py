"""Our own clip file: one ``.npz`` with plain arrays, text as JSON, a format name and a version.

Written to a temporary file beside the target, flushed to the disk and renamed, so a crash
leaves the old file or the new one. No object arrays, so any NumPy reads it without pickles.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from m3n_studio.atomic import atomic
from m3n_studio.body.shape import Shape
from m3n_studio.errors import FileError, M3nError, ValueProblem
from m3n_studio.motion.archives import Fields, npz_names, text_of
from m3n_studio.motion.clip import Clip, Source, TextSegment
from m3n_studio.motion.formats import ReadOptions

FORMAT = "m3n-clip"
VERSION = 1
_FIELDS = ("format", "version", "rate_hz", "poses", "trans", "valid", "about")


def save_clip(path: str | Path, clip: Clip, *, precision: str = "float64") -> Path:
    """Write a clip; the file appears whole or not at all.

    Parameters
    ----------
    precision : {"float64", "float32"}
        Of poses and translations; float64 gives back the very same numbers.
    """
    if precision not in ("float64", "float32"):
        raise ValueProblem(f"precision must be float64 or float32; found {precision!r}")
    path = Path(path)
    about = {
        "gender": clip.gender, "source": asdict(clip.source), "texts": [asdict(t) for t in clip.texts],
        "shape": {"betas": clip.shape.betas, "limbs": dict(clip.shape.limbs),
                  "scale": clip.shape.scale, "space": clip.shape.space},
    }  # fmt: skip
    arrays: dict[str, Any] = {
        "format": np.array(FORMAT), "version": np.array(VERSION), "rate_hz": np.array(clip.rate_hz),
        "poses": clip.poses.astype(precision), "trans": clip.trans.astype(precision), "valid": clip.valid,
        "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
    }  # fmt: skip
    try:
        with atomic(path) as part, part.open("wb") as file:
            np.savez_compressed(file, **arrays)
    except OSError as error:
        raise FileError(path, found=f"it cannot be written ({error.strerror or error})") from error
    return path


def sniff(path: Path, head: bytes) -> bool:
    """Is it one of ours? Told by the names of its arrays."""
    return head[:2] == b"PK" and {"format", "version", "about"} <= npz_names(path)


def _about(path: Path, fields: Fields) -> dict[str, Any]:
    raw = fields["about"]
    if not isinstance(raw, np.ndarray) or raw.dtype != np.uint8:
        raise FileError(path, field="about", found="no bytes of JSON text")
    try:
        about = json.loads(raw.tobytes().decode())
    except (ValueError, RecursionError) as error:
        raise FileError(path, field="about", found=f"no JSON ({error})") from error
    if not isinstance(about, dict):
        raise FileError(path, field="about", found=f"a JSON {type(about).__name__}", expected="an object")
    return about


def _shape(about: dict[str, Any]) -> Shape:
    raw = about["shape"]
    limbs = {str(k): float(v) for k, v in raw["limbs"].items()}
    return Shape(tuple(map(float, raw["betas"])), limbs, float(raw["scale"]), str(raw["space"]))


def _numbers(path: Path, fields: Fields, name: str, kinds: str) -> np.ndarray:
    value = fields[name]
    if not isinstance(value, np.ndarray) or value.dtype.kind not in kinds:
        raise FileError(path, field=name, found=f"{getattr(value, 'dtype', type(value).__name__)}", expected="numbers")
    return value


def _number(path: Path, fields: Fields, name: str, kinds: str) -> Any:
    value = _numbers(path, fields, name, kinds)
    if value.size != 1:
        raise FileError(path, field=name, found=f"shape {value.shape}", expected="one number")
    return value.item()


def load_clip(path: str | Path) -> Clip:
    """Read a clip written by :func:`save_clip`.

    Raises
    ------
    FileError
        Also for a file of a newer version than this program knows.
    """
    path = Path(path)
    with Fields(path) as fields:
        for name in _FIELDS:
            if name not in fields:
                raise FileError(path, field=name, found="it is missing", expected=f"a clip with {', '.join(_FIELDS)}")
        kind = text_of(fields["format"])
        if kind != FORMAT:
            raise FileError(path, field="format", found=f"{kind[:40]!r}", expected=repr(FORMAT))
        version = int(_number(path, fields, "version", "iu"))
        if version > VERSION:
            raise FileError(path, field="version", found=f"version {version}",
                            expected=f"at most {VERSION}: update m3n Studio to read this clip")  # fmt: skip
        about = _about(path, fields)
        try:
            return Clip(
                rate_hz=float(_number(path, fields, "rate_hz", "f")),
                poses=_numbers(path, fields, "poses", "f"), trans=_numbers(path, fields, "trans", "f"),
                valid=_numbers(path, fields, "valid", "b"),
                shape=_shape(about), gender=str(about["gender"]),
                texts=tuple(TextSegment(float(t["start_s"]), float(t["end_s"]), str(t["text"]), str(t["kind"]))
                            for t in about["texts"]),
                source=Source(str(about["source"]["path"]), str(about["source"]["format"]),
                              tuple(map(str, about["source"]["notes"]))),
            )  # fmt: skip
        except FileError:
            raise
        except (M3nError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileError(path, found=f"a clip that makes no sense ({error})", expected="an intact clip") from error


def read(path: Path, options: ReadOptions) -> Clip:
    """Reader for the table of formats; nothing is left to choose."""
    return load_clip(path)
