"""Read Acclaim motion (``.amc``) with the skeleton (``.asf``) that lies beside it.

A bone of the ``.asf`` has a direction and a length in the axes of the world, and an axis
frame C in which the angles of the ``.amc`` turn it: its local rotation is ``C M C^T``, so in
the rest pose nothing is turned, as in BVH. The ``.amc`` has no frame rate; 120 Hz is what
the CMU library was recorded at. Cost is linear in the size of the files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.formats import ReadOptions
from m3n_studio.motion.skeletons.motion import (
    AXES,
    LARGEST,
    SkeletonMotion,
    chain,
    check_size,
    euler,
    fill_gaps,
    read_text,
)
from m3n_studio.motion.skeletons.retarget import retarget

Array = NDArray[np.float64]
MAX_BONES = 1000
USUAL_RATE_HZ = 120.0
INCH_M = 0.0254
_MAX_DOF = 7
_DOF = re.compile(r"([rt])([xyz])$|l$", re.IGNORECASE)


def sniff(path: Path, head: bytes) -> bool:
    """Whether a file is Acclaim's: a comment or a colon keyword comes first, or it has the suffix and text."""
    return b"\0" not in head[:256] and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b":", b"#")


@dataclass
class Bone:
    """A bone of an ``.asf``: its end relative to its start, axis frame and degrees of freedom."""

    name: str = ""
    direction: Array = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    axis: Array = field(default_factory=lambda: np.eye(3))
    dof: tuple[tuple[str, str], ...] = ()  # ("r" or "t" or "l", axis)


@dataclass
class Skeleton:
    """An ``.asf`` file: the root is bone 0."""

    path: Path
    bones: list[Bone]
    parents: list[int]
    to_rad: float
    unit: float  # of the length entry in :units


def _numbers(path: Path, line: int, words: list[str], count: int) -> list[float]:
    try:
        out = [float(w) for w in words[:count]]
    except ValueError:
        out = []
    if len(out) != count or not all(abs(x) <= LARGEST for x in out):
        raise FileError(path, field=f"line {line}", found=f"{' '.join(words)[:60]!r}", expected=f"{count} numbers")
    return out


def _order(path: Path, line: int, word: str) -> str:
    order = word.lower()
    if not order or len(order) > 3 or set(order) - set(AXES):
        raise FileError(path, field=f"line {line}", found=f"axis order {word[:20]!r}", expected="an order such as XYZ")
    return order[::-1]  # XYZ: x first, about fixed axes, is Rz Ry Rx


def _dof(path: Path, line: int, words: list[str]) -> tuple[tuple[str, str], ...]:
    out: list[tuple[str, str]] = []
    if len(words) > _MAX_DOF:
        raise FileError(path, field=f"line {line}", found=f"{len(words)} degrees of freedom", expected="at most 7")
    for word in words:
        match = _DOF.match(word)
        if match is None:
            raise FileError(path, field=f"line {line}", found=f"degree of freedom {word[:20]!r}",
                            expected="rx ry rz tx ty tz or l")  # fmt: skip
        out.append(((match[1] or "l").lower(), (match[2] or "").lower()))
    return tuple(out)


def _bone_line(path: Path, line: int, bone: Bone, words: list[str], to_rad: float) -> None:
    """One line of a begin ... end block; unknown words (id, limits, mass) say nothing we need."""
    key, rest = words[0].lower(), words[1:]
    if key == "name" and rest:
        bone.name = rest[0].lower()
    elif key == "direction":
        bone.direction = np.array(_numbers(path, line, rest, 3))
    elif key == "length":
        bone.length = _numbers(path, line, rest, 1)[0]
    elif key == "axis":
        angles = np.array(_numbers(path, line, rest, 3)) * to_rad
        order = _order(path, line, rest[3] if len(rest) > 3 else "XYZ")
        bone.axis = euler(angles[None, ::-1], order)[0] if len(order) == 3 else np.eye(3)
    elif key == "dof":
        bone.dof = _dof(path, line, rest)


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    split = ((i, raw.partition("#")[0].split()) for i, raw in enumerate(read_text(path).split("\n"), start=1))
    return [(i, words) for i, words in split if words]


def parse_asf(path: Path) -> Skeleton:
    """The skeleton of an ``.asf`` file.

    Raises
    ------
    FileError
        Naming the line.
    """
    skeleton = Skeleton(path, [Bone(name="root")], [-1], np.pi / 180.0, 1.0)
    links: list[tuple[int, list[str]]] = []
    section, bone = "", None
    for line, words in _lines(path):
        if words[0].startswith(":"):
            section, bone = words[0].lower(), None
        elif section == ":units":
            _unit_line(path, line, skeleton, words)
        elif section == ":root":
            _root_line(path, line, skeleton, words)
        elif section == ":hierarchy" and words[0].lower() not in ("begin", "end"):
            links.append((line, [w.lower() for w in words]))
        elif section == ":bonedata":
            bone = _bonedata_line(path, line, skeleton, bone, words)
    _link(path, skeleton, links)
    return skeleton


def _unit_line(path: Path, line: int, skeleton: Skeleton, words: list[str]) -> None:
    if words[0].lower() == "angle":
        skeleton.to_rad = 1.0 if words[1:] and words[1].lower().startswith("rad") else np.pi / 180.0
    elif words[0].lower() == "length":
        skeleton.unit = _numbers(path, line, words[1:], 1)[0]


def _root_line(path: Path, line: int, skeleton: Skeleton, words: list[str]) -> None:
    root = skeleton.bones[0]
    if words[0].lower() == "order":
        root.dof = _dof(path, line, words[1:])


def _bonedata_line(path: Path, line: int, skeleton: Skeleton, bone: Bone | None, words: list[str]) -> Bone | None:
    key = words[0].lower()
    if key == "begin":
        if len(skeleton.bones) >= MAX_BONES:
            raise FileError(path, field=f"line {line}", found=f"more than {MAX_BONES} bones", expected="one body")
        return Bone()
    if bone is None:
        return None
    if key == "end":
        if not bone.name:
            raise FileError(path, field=f"line {line}", found="a bone without a name", expected="name before end")
        skeleton.bones.append(bone)
        skeleton.parents.append(-1)
        return None
    _bone_line(path, line, bone, words, skeleton.to_rad)
    return bone


def _link(path: Path, skeleton: Skeleton, links: list[tuple[int, list[str]]]) -> None:
    """Give every bone its parent and put parents before children."""
    place = {bone.name: i for i, bone in enumerate(skeleton.bones)}
    for line, (parent, *children) in links:
        for name in (parent, *children):
            if name not in place:
                raise FileError(path, field=f"line {line}", found=f"bone {name[:40]!r} that :bonedata does not have",
                                expected="bones declared there")  # fmt: skip
        for name in children:
            skeleton.parents[place[name]] = place[parent]
    below: dict[int, list[int]] = {}
    for i, up in enumerate(skeleton.parents):
        if i:
            below.setdefault(up, []).append(i)
    order = [0]
    for i in order:  # grows while we walk
        order += below.get(i, [])
    if len(order) < 2:
        raise FileError(path, field=":hierarchy", found="no bone that hangs on the root", expected="a skeleton")
    new = {old: i for i, old in enumerate(order)}
    skeleton.parents = [-1] + [new[skeleton.parents[i]] for i in order[1:]]
    skeleton.bones = [skeleton.bones[i] for i in order]


def find_skeleton(path: Path) -> Path:
    """The ``.asf`` that belongs to an ``.amc``: same name, the subject's (``01_02`` -> ``01``), or the only one."""
    try:
        beside = sorted(p for p in path.parent.iterdir() if p.suffix.lower() == ".asf")
    except OSError:
        beside = []
    stem = path.stem.lower()
    for wanted in (stem, stem.rsplit("_", 1)[0], stem.split("_", 1)[0]):
        for candidate in beside:
            if candidate.stem.lower() == wanted:
                return candidate
    if len(beside) == 1:
        return beside[0]
    raise FileError(path, found="no .asf skeleton beside it" if not beside else "several .asf files beside it",
                    expected=f"{path.stem}.asf or {path.stem.split('_', 1)[0]}.asf in the same folder")  # fmt: skip


def _amc_values(path: Path, skeleton: Skeleton) -> tuple[Array, float]:
    """All angles and root positions (T, C) in the order of the bones' degrees of freedom, and the angle unit."""
    start, total = {}, 0
    for bone in skeleton.bones:
        start[bone.name] = (total, len(bone.dof))
        total += len(bone.dof)
    rows: list[list[float]] = []
    to_rad = skeleton.to_rad
    for line, words in _lines(path):
        first = words[0]
        if first.startswith(":"):
            to_rad = {":degrees": np.pi / 180.0, ":radians": 1.0}.get(first.lower(), to_rad)
        elif len(words) == 1 and first.isdigit():
            check_size(path, len(rows) + 1, len(skeleton.bones))
            rows.append([float("nan")] * total)
        else:
            at, width = start.get(first.lower(), (0, -1))
            _amc_line(path, line, rows, words, at, width)
    if not rows:
        raise FileError(path, found="no frame", expected="a frame number on a line of its own, then a line per bone")
    return np.array(rows), to_rad


def _amc_line(path: Path, line: int, rows: list[list[float]], words: list[str], at: int, width: int) -> None:
    if not rows:
        raise FileError(path, field=f"line {line}", found=f"{words[0][:40]!r} before the first frame",
                        expected="a frame number")  # fmt: skip
    if width < 0:
        raise FileError(path, field=f"line {line}", found=f"bone {words[0][:40]!r} that the .asf does not have",
                        expected="the .asf of this recording")  # fmt: skip
    if len(words) - 1 != width:
        raise FileError(path, field=f"line {line}", found=f"{len(words) - 1} numbers for {words[0][:40]}",
                        expected=f"{width}, one per degree of freedom in the .asf")  # fmt: skip
    try:
        rows[-1][at : at + width] = [float(w) for w in words[1:]]
    except ValueError:
        raise FileError(path, field=f"line {line}", found=f"{' '.join(words[1:])[:60]!r}",
                        expected="numbers") from None  # fmt: skip


def parse(path: Path) -> tuple[SkeletonMotion, Skeleton]:
    """An ``.amc`` with its ``.asf``, in the file's own unit and axes."""
    skeleton = parse_asf(find_skeleton(path))
    values, to_rad = _amc_values(path, skeleton)
    filled, good = fill_gaps(values)
    if not good.any():
        raise FileError(path, found="no frame with numbers for every bone", expected="some motion")
    ends = [bone.length * bone.direction for bone in skeleton.bones]
    local, steps, column = [], [], 0
    for j, bone in enumerate(skeleton.bones):
        block = filled[:, column : column + len(bone.dof)]
        column += len(bone.dof)
        turns = [i for i, (kind, _) in enumerate(bone.dof) if kind == "r"][::-1]
        turn = euler(block[:, turns] * to_rad, "".join(bone.dof[i][1] for i in turns))
        local.append(bone.axis @ turn @ bone.axis.T)
        step = np.tile(ends[skeleton.parents[j]] if j else np.zeros(3), (len(filled), 1))
        for i, (kind, axis) in enumerate(bone.dof):
            if kind == "t":
                step[:, AXES.index(axis)] += block[:, i]
        steps.append(step)
    rotations, positions = chain(skeleton.parents, local, steps)
    parents = skeleton.parents
    offsets = np.array([ends[p] if p >= 0 else np.zeros(3) for p in parents])
    leaves = {j: ends[j] for j in range(len(parents)) if j not in parents}
    names = tuple(bone.name for bone in skeleton.bones)
    return SkeletonMotion(names, tuple(parents), offsets, leaves, rotations, positions, good, USUAL_RATE_HZ), skeleton


def read(path: Path, options: ReadOptions) -> Clip:
    """An ``.amc`` file as a clip; opened as ``.asf``, say what to open instead."""
    if path.suffix.lower() == ".asf":
        parse_asf(path)
        beside = sorted(p.name for p in path.parent.glob("*.[aA][mM][cC]") if p.stem.split("_")[0] == path.stem)
        hint = f", for instance {beside[0]}" if beside else ""
        raise FileError(path, found="a skeleton without motion", expected=f"open the .amc beside it instead{hint}")
    motion, skeleton = parse(path)
    notes = [f"skeleton: {skeleton.path.name}"]
    if not options.rate_hz:
        notes.append(f"rate: {USUAL_RATE_HZ:g} Hz, the CMU library's (the format has none)")
    units = {f"inch / {skeleton.unit:g}": INCH_M / skeleton.unit} if 0.01 < skeleton.unit < 100 else {}
    return retarget(path, "asf_amc", motion, options, units=units, notes=tuple(notes), free_rate=True)
