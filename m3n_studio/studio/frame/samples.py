"""What ships with the program to try it on: motions, and one with a recording. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from m3n_studio.resources import resource


@dataclass(frozen=True)
class Sample:
    """Files opened together, and their name for people."""

    title: str
    paths: tuple[Path, ...]


def samples() -> tuple[Sample, ...]:
    """The one with a recording first, then every motion by name; none where they are not installed."""
    folder, motion = resource("motions"), resource("motions", "pack_box.npz")
    recording = resource("recordings", "pack_box_watches.csv")
    both = (Sample("Packing, with a recording", (motion, recording)),) if recording.exists() else ()
    motions = sorted(folder.glob("*.npz")) if folder.is_dir() else []
    return (*both, *(Sample(p.stem.replace("_", " ").capitalize(), (p,)) for p in motions))
