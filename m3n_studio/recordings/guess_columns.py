"""What a column's title says: quantity, axis, unit, sensor; in the spellings people use."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUANTITIES = {
    **dict.fromkeys(("acc", "accel", "accelerometer", "acceleration", "accelerations", "accelero"), "acc"),
    **dict.fromkeys(("gyr", "gyro", "gyroscope", "omega", "gyroscopes", "angvel", "angularvelocity"), "gyr"),
    **dict.fromkeys(("mag", "magnetometer", "magnetic", "quat", "quaternion", "orientation", "euler", "roll", "pitch",
                     "yaw", "gravity", "temperature", "pressure", "baro", "barometer", "linear", "linearacc"), "other"),
}  # fmt: skip
_ROLES = {
    "time": ("time", "timestamp", "timestamps", "unixtime", "epoch", "datetime", "t", "unix", "clock", "utc"),
    "label": ("label", "labels", "activity", "class", "gesture", "action", "exercise", "annotation", "operation"),
    "subject": ("subject", "user", "person", "participant"),
    "session": ("session", "trial", "recording", "run", "execution"),
    "sensor": ("sensor", "device", "placement", "position", "location"),
}
_UNITS = {
    "m/s2": "m/s2", "m/s^2": "m/s2", "m/s²": "m/s2", "mps2": "m/s2", "ms2": "m/s2", "m/(s^2)": "m/s2", "g": "g",
    "mg": "mg", "rad/s": "rad/s", "radps": "rad/s", "rads": "rad/s", "deg/s": "deg/s", "dps": "deg/s", "°/s": "deg/s",
    "degps": "deg/s", "degs": "deg/s", "mdps": "mdeg/s", "s": "s", "sec": "s", "seconds": "s", "ms": "ms",
    "milliseconds": "ms", "msec": "ms", "us": "us", "µs": "us", "ns": "ns", "iso": "iso",
}  # fmt: skip
UNITS_OF = {
    "acc": ("m/s2", "g", "mg"), "gyr": ("rad/s", "deg/s", "mdeg/s"), "time": ("s", "ms", "us", "ns", "iso"),
}  # fmt: skip
_SHORT = {"a": "acc", "g": "gyr", "w": "gyr"}
_GLUED = re.compile(r"(acc|accel|gyro|gyr|a|g|w|mag|m)_?([xyz])")
_BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]")


@dataclass(frozen=True)
class Title:
    """What one title says; empty where it does not."""

    index: int
    text: str
    role: str = ""
    axis: str = ""
    unit: str = ""
    sensor: str = ""


def unit_of(word: str) -> str:
    """A unit's own name here for the ways it is written; empty for none known."""
    return _UNITS.get(word.strip().strip("()[]").lower(), "")


def read_title(index: int, text: str, unit: str = "") -> Title:
    """What a title (and the cell of a row of units below it) says."""
    bracketed = next((unit_of(found) for found in _BRACKETS.findall(text) if unit_of(found)), "")
    plain = _BRACKETS.sub(" ", text) if bracketed else text
    for spelled in ("m/s^2", "m/s²", "m/s2", "rad/s", "deg/s", "°/s"):
        if spelled in plain.lower():
            bracketed = bracketed or unit_of(spelled)
            plain = re.sub(re.escape(spelled), " ", plain, flags=re.IGNORECASE)
    words = _words(plain)
    role, axis, rest = _role(words)
    known = UNITS_OF.get(role, ())
    stated = [unit_of(unit), bracketed, *(unit_of(word) for word in rest)]
    chosen = next((found for found in stated if found in known), "")
    sensor = "_".join(word for word in rest if not (chosen and unit_of(word) == chosen))
    return Title(index, text, role, axis, chosen, sensor if role in ("acc", "gyr") else "")


def _words(text: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words = [word for word in re.split(r"[\s_.\-/()\[\]{}:;|]+", spaced.lower()) if word]
    out: list[str] = []
    for word in words:
        glued = _GLUED.fullmatch(word)
        out += [glued[1], glued[2]] if glued else [word]
    return out


def _role(words: list[str]) -> tuple[str, str, list[str]]:
    """Role, axis and the words left."""
    pairs = [(words[i], words[i + 1]) for i in range(len(words) - 1)]
    angular = [pair for pair in pairs if pair in (("angular", "velocity"), ("angular", "rate"), ("rotation", "rate"))]
    if angular:
        words = [word for word in words if word not in angular[0]] + ["gyro"]
    quantities = [_QUANTITIES[word] for word in words if word in _QUANTITIES]
    axes = [word for word in words if word in ("x", "y", "z")]
    if not quantities and axes:
        quantities = [_SHORT[word] for word in words if word in _SHORT]
    if "other" in quantities:
        return "other", "", []
    if quantities:
        rest = [word for word in words if word not in _QUANTITIES and word not in axes and
                not (word in _SHORT and len(words) <= 2)]  # fmt: skip
        return (quantities[0], axes[-1], rest) if axes else ("other", "", rest)
    for role, names in _ROLES.items():
        if any(word in names or word.rstrip("0123456789") in names for word in words):
            return role, "", [word for word in words if word not in names]
    return "", "", words
