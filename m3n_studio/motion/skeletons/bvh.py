"""Read Biovision hierarchy files (``.bvh``) of any exporter.

The tree is text of nested braces, the motion one number per channel and frame. Channels may
come in any order and number, on any joint; a joint without position channels keeps its
OFFSET. What the numbers mean for a body is decided in :mod:`m3n_studio.motion.skeletons.retarget`.
Cost is linear in the size of the file (2 752 frames of 96 channels: a quarter of a second).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.motion.clip import Clip, TextSegment
from m3n_studio.motion.formats import ReadOptions
from m3n_studio.motion.skeletons.bvh_hierarchy import Hierarchy, read_hierarchy
from m3n_studio.motion.skeletons.motion import (
    AXES,
    SkeletonMotion,
    chain,
    check_size,
    euler,
    fill_gaps,
    nice_rate,
    read_text,
)
from m3n_studio.motion.skeletons.retarget import retarget

Array = NDArray[np.float64]
MAX_FRAMES = 5_000_000

#: Position channels below this share of the OFFSET's length are differences from it.
_DIFFERENCE = 0.2
_NOT_A_NUMBER = re.compile(r"[-+]?(nan|inf|infinity|1\.#)", re.IGNORECASE)
_FRAMES = re.compile(r"\s*frames\s*:\s*(\S+)[^\S\n]*", re.IGNORECASE)
_FRAME_TIME = re.compile(r"\s*frame\s*time\s*:\s*(\S+)[^\S\n]*", re.IGNORECASE)
_MOTION = re.compile(r"^[^\S\n]*motion\b", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"\S+")


def sniff(path: Path, head: bytes) -> bool:
    """Whether a file begins as BVH does."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:9].upper() == b"HIERARCHY"


def _header(path: Path, text: str, start: int) -> tuple[int, float, int]:
    """Number of frames, frame time in s, and where the numbers begin."""
    frames = _FRAMES.match(text, start)
    if frames is None or not frames[1].isdigit() or not 1 <= int(frames[1][:12]) <= MAX_FRAMES:
        raise FileError(path, field="Frames:", found=repr(frames[1][:40]) if frames else "it is missing",
                        expected=f"the number of frames, 1 to {MAX_FRAMES}")  # fmt: skip
    time = _FRAME_TIME.match(text, frames.end())
    try:
        frame_time_s = float(time[1]) if time else float("nan")
    except ValueError:
        frame_time_s = float("nan")
    if time is None or not 1e-4 <= frame_time_s <= 10.0:
        raise FileError(path, field="Frame Time:", found=repr(time[1][:40]) if time else "it is missing",
                        expected="seconds per frame, 0.0001 to 10")  # fmt: skip
    return int(frames[1]), frame_time_s, time.end()


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        if _NOT_A_NUMBER.match(word):
            return float("nan")
        raise


def _values(path: Path, text: str, start: int, frames: int, channels: int) -> Array:
    """The motion block (frames, channels)."""
    words = text[start:].split()
    if len(words) != frames * channels:
        raise _miscounted(path, text, start, frames, channels)
    try:
        flat = np.fromiter(map(float, words), dtype=np.float64, count=len(words))
    except ValueError:
        try:
            flat = np.fromiter(map(_number, words), dtype=np.float64, count=len(words))
        except ValueError:
            raise _bad_number(path, text, start) from None
    return flat.reshape(frames, channels)


def _bad_number(path: Path, text: str, start: int) -> FileError:
    for match in _WORD.finditer(text, start):
        try:
            _number(match[0])
        except ValueError:
            line = text.count("\n", 0, match.start()) + 1
            return FileError(path, field=f"line {line}", found=f"{match[0][:40]!r}", expected="a number")
    return FileError(path, field="MOTION", found="something that is no number", expected="numbers")


def _miscounted(path: Path, text: str, start: int, frames: int, channels: int) -> FileError:
    """Say which line is to blame for a wrong amount of numbers."""
    first = text.count("\n", 0, start) + 1
    lines = 0
    for number, line in enumerate(text[start:].split("\n"), start=first):
        width = len(line.split())
        if width not in (0, channels):
            return FileError(path, field=f"line {number}", found=f"{width} numbers", expected=f"{channels} channels")
        lines += width > 0
    return FileError(path, field="Frames:", found=f"{frames} declared and {lines} in the file", expected="the same")


def _motion(tree: Hierarchy, values: Array, rate_hz: float) -> SkeletonMotion:
    filled, good = fill_gaps(values)
    local, steps = [], []
    column = 0
    for j, channels in enumerate(tree.channels):
        block = filled[:, column : column + len(channels)]
        column += len(channels)
        turns = [i for i, (kind, _) in enumerate(channels) if kind == "r"]
        local.append(euler(np.radians(block[:, turns]), "".join(channels[i][1] for i in turns)))
        steps.append(_step(tree, j, block))
    rotations, positions = chain(tree.parents, local, steps)
    return SkeletonMotion(
        tuple(tree.names), tuple(tree.parents), np.array(tree.offsets), tree.ends, rotations, positions, good, rate_hz
    )


def _step(tree: Hierarchy, joint: int, block: Array) -> Array:
    """Position of a joint in its parent's frame: (3,) or (T, 3).

    Position channels stand for the OFFSET, except where an exporter wrote them as
    differences from it: then they stay near zero and the OFFSET does not.
    """
    offset = np.array(tree.offsets[joint])
    moves = [(i, AXES.index(axis)) for i, (kind, axis) in enumerate(tree.channels[joint]) if kind == "p"]
    if not moves:
        return offset
    step = np.tile(offset, (len(block), 1))
    columns, axes = [i for i, _ in moves], [a for _, a in moves]
    given = block[:, columns]
    span = np.linalg.norm(offset[axes])
    relative = tree.parents[joint] >= 0 and np.percentile(np.linalg.norm(given, axis=1), 95.0) < _DIFFERENCE * span
    step[:, axes] = given + offset[axes] if relative else given
    return step


def parse(path: Path) -> SkeletonMotion:
    """A BVH file as it is: its own unit, axes and rest pose.

    Raises
    ------
    FileError
        Naming the line or field.
    """
    text = read_text(path)
    motion = _MOTION.search(text)
    if motion is None:
        raise FileError(path, field="MOTION", found="it is missing", expected="a MOTION section after the HIERARCHY")
    tree = read_hierarchy(path, text[: motion.start()])
    frames, frame_time_s, start = _header(path, text, motion.end())
    channels = sum(map(len, tree.channels))
    if channels == 0:
        raise FileError(path, field="CHANNELS", found="no joint has any", expected="rotations for every joint")
    check_size(path, frames, len(tree.names))
    values = _values(path, text, start, frames, channels)
    out = _motion(tree, values, nice_rate(frame_time_s))
    if not out.valid.any():
        raise FileError(path, field="MOTION", found="no frame with numbers in every channel", expected="some motion")
    return out


_CONTENT_STYLE = re.compile(r"dataset-\d+_(?P<content>[a-z-]+)_(?P<style>[a-z-]+)_\d+", re.IGNORECASE)


def labels(path: Path, duration_s: float) -> tuple[TextSegment, ...]:
    """Content and style where the file's name and the ``.json`` beside it hold them (Bandai-Namco)."""
    match = _CONTENT_STYLE.fullmatch(path.stem)
    sidecar = path.with_suffix(".json")
    if match is None or not sidecar.is_file():
        return ()
    try:
        numbers = json.loads(sidecar.read_text(encoding="utf-8")) if sidecar.stat().st_size < 65536 else None
    except (OSError, ValueError, RecursionError):
        return ()
    if not isinstance(numbers, dict) or not {"content", "style"} <= numbers.keys():
        return ()
    content, style = (match[k].replace("-", " ").lower() for k in ("content", "style"))
    return (
        TextSegment(0.0, duration_s, content),
        TextSegment(0.0, duration_s, style, kind="style"),
        TextSegment(0.0, duration_s, f"{content}, {style}", kind="sentence"),
    )


def read(path: Path, options: ReadOptions) -> Clip:
    """A BVH file as a clip; unit, up axis and rest pose are found out where not stated."""
    clip = retarget(path, "bvh", parse(path), options)
    return clip.with_(texts=labels(path, clip.duration_s))
