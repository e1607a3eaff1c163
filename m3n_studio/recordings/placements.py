"""Placement names out of the words files use for them: LeftWrist, wrist_l, right ankle, Lumbar."""

from __future__ import annotations

import re

_SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
_MIDDLE = ("chest", "upper_back", "lower_back", "belt", "neck", "head")
_SIDED = ("wrist", "forearm", "upper_arm", "hand", "thigh", "pocket", "knee", "shank", "ankle", "foot", "ear")
#: Other words for them.
_ALSO = {
    "lumbar": "lower_back", "pelvis": "lower_back", "sacrum": "lower_back", "hip": "belt", "waist": "belt",
    "sternum": "chest", "torso": "chest", "trunk": "chest", "tibia": "shank", "lower_leg": "shank", "shin": "shank",
    "femur": "thigh", "upper_leg": "thigh", "calcn": "foot", "lower_arm": "forearm", "forehead": "head",
}  # fmt: skip


def placement_of(words: str) -> str:
    """A placement's name, or empty where the words name none, or one of a pair without saying which."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", words).lower()
    parts = [part for part in re.split(r"[^a-z]+", spaced) if part]
    joined = f"_{'_'.join(part for part in parts)}_"
    named = {**{name: name for name in (*_MIDDLE, *_SIDED)}, **_ALSO}
    place = next((named[word] for word in sorted(named, key=len, reverse=True) if f"_{word}_" in joined), "")
    if place in _MIDDLE or not place:
        return place
    side = next((_SIDES[part] for part in parts if part in _SIDES), "")
    return f"{side}_{place}" if side else ""
