"""The HIERARCHY of a BVH file: nested braces, one joint each, read line by line without recursion.

Braces, offsets and channels may share lines; names may hold spaces. Every mistake names its
line. Bounded: at most 1 000 joints, each described once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import FileError
from m3n_studio.motion.skeletons.motion import LARGEST

Array = NDArray[np.float64]
MAX_JOINTS = 1000
MAX_CHANNELS = 12  # of one joint
_CHANNEL = re.compile(r"([xyz])(position|rotation)$", re.IGNORECASE)


@dataclass
class Hierarchy:
    """The joints of a BVH file: names, parents, offsets, channels (``("p" or "r", axis)``), ends of bones.

    ``open``, ``next``, ``said`` and ``end_sites`` only matter while it is being read.
    """

    path: Path
    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[list[float]] = field(default_factory=list)
    channels: list[list[tuple[str, str]]] = field(default_factory=list)
    ends: dict[int, Array] = field(default_factory=dict)
    open: list[int | None] = field(default_factory=list)  # None: inside an End Site
    next: int | None = -1  # what the next brace opens; -1: nothing
    said: set[tuple[int, str]] = field(default_factory=set)  # so that nothing is said twice of a joint
    end_sites: int = 0

    def fail(self, line: int, found: str, expected: str) -> FileError:
        """The error for a line, to be raised."""
        return FileError(self.path, field=f"line {line}", found=found, expected=expected)

    def once(self, line: int, joint: int, word: str) -> None:
        """Refuse a second OFFSET or CHANNELS of one joint."""
        if (joint, word) in self.said:
            raise self.fail(line, f"{word} twice in joint {self.names[joint]}", "it once")
        self.said.add((joint, word))


def _joint(tree: Hierarchy, line: int, rest: str) -> str:
    name, _, after = rest.partition("{")
    if len(tree.names) >= MAX_JOINTS:
        raise tree.fail(line, f"more than {MAX_JOINTS} joints", "one body")
    if not name.strip():
        raise tree.fail(line, "a joint without a name", "JOINT name")
    if tree.open and tree.open[-1] is None:
        raise tree.fail(line, "a joint inside an End Site", "an OFFSET and a closing brace")
    tree.next = len(tree.names)
    tree.names.append(name.strip())
    tree.parents.append(tree.open[-1] if tree.open and tree.open[-1] is not None else -1)
    tree.offsets.append([0.0, 0.0, 0.0])
    tree.channels.append([])
    return "{" + after if "{" in rest else ""


def _end_site(tree: Hierarchy, line: int, rest: str) -> str:
    if not tree.open:
        raise tree.fail(line, "an End Site outside any joint", "it inside a joint")
    tree.end_sites += 1
    if tree.end_sites > MAX_JOINTS:
        raise tree.fail(line, f"more than {MAX_JOINTS} End Sites", "one body")
    tree.next = None
    _, brace, after = rest.partition("{")
    return brace + after


def _brace(tree: Hierarchy, line: int, rest: str) -> str:
    if tree.next == -1:
        raise tree.fail(line, "an opening brace that belongs to nothing", "ROOT, JOINT or End Site before it")
    tree.open.append(tree.next)
    tree.next = -1
    return rest


def _unbrace(tree: Hierarchy, line: int, rest: str) -> str:
    if not tree.open:
        raise tree.fail(line, "one closing brace too many", "as many as were opened")
    tree.open.pop()
    return rest


def _offset(tree: Hierarchy, line: int, rest: str) -> str:
    words = rest.split(None, 3)
    try:
        numbers = [float(w) for w in words[:3]]
    except ValueError:
        numbers = []
    if len(numbers) != 3 or not all(abs(n) <= LARGEST for n in numbers):
        raise tree.fail(line, f"OFFSET {rest[:40].strip()!r}", "three numbers")
    if not tree.open:
        raise tree.fail(line, "OFFSET outside any joint", "it inside a joint")
    joint = tree.open[-1]
    if joint is not None:
        tree.once(line, joint, "OFFSET")
        tree.offsets[joint] = numbers
    else:
        owner = next((j for j in reversed(tree.open) if j is not None), -1)
        tree.ends[owner] = np.array(numbers)
    return words[3] if len(words) > 3 else ""


def _channels(tree: Hierarchy, line: int, rest: str) -> str:
    words = rest.split(None, MAX_CHANNELS + 1)
    if not tree.open or tree.open[-1] is None:
        raise tree.fail(line, "CHANNELS outside any joint", "it inside a joint")
    if words and words[0].isdigit() and int(words[0][:9]) > MAX_CHANNELS:
        raise tree.fail(line, f"{words[0][:9]} channels", f"at most {MAX_CHANNELS}")
    if not words or not words[0].isdigit() or int(words[0]) > len(words) - 1:
        raise tree.fail(line, f"CHANNELS {rest[:60].strip()!r}", "a count and that many channel names")
    count = int(words[0])
    tree.once(line, tree.open[-1], "CHANNELS")
    out = []
    for word in words[1 : count + 1]:
        match = _CHANNEL.match(word)
        if match is None:
            raise tree.fail(line, f"channel {word[:40]!r}", "Xposition ... Zposition, Xrotation ... Zrotation")
        out.append((match[2][0].lower(), match[1].lower()))
    if len({c for c in out if c[0] == "p"}) != sum(c[0] == "p" for c in out):
        raise tree.fail(line, "a position channel twice", "each once")
    tree.channels[tree.open[-1]] = out
    return " ".join(words[count + 1 :])


_KEYWORDS = {
    "hierarchy": lambda tree, line, rest: rest, "root": _joint, "joint": _joint, "end": _end_site,
    "{": _brace, "}": _unbrace, "offset": _offset, "channels": _channels,
}  # fmt: skip
_KEYWORD = re.compile(r"(hierarchy|root|joint|end|offset|channels)(?=[\s{_]|$)|[{}]", re.IGNORECASE)


def read_hierarchy(path: Path, text: str) -> Hierarchy:
    """The tree before MOTION; `FileError` names the line."""
    tree = Hierarchy(path)
    line = 1
    for line, raw in enumerate(text.split("\n"), start=1):
        rest = raw.strip()
        while rest:
            match = _KEYWORD.match(rest)
            if match is None:
                raise tree.fail(line, f"{rest[:40]!r}", "ROOT, JOINT, End Site, OFFSET, CHANNELS or a brace")
            rest = _KEYWORDS[match[0].lower()](tree, line, rest[match.end() :].strip()).strip()
    if tree.open:
        raise tree.fail(line, f"{len(tree.open)} braces still open before MOTION", "a closing brace for each")
    if not tree.names:
        raise tree.fail(line, "no joint before MOTION", "ROOT and its joints")
    return tree
