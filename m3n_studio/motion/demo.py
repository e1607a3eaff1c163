"""The demo motions that ship with the program: names, paths, clips.

They are our own choreography on the default body (``tools/make_demo_motions.py``), 60 Hz, y-up,
feet on y = 0, with a sentence for the whole clip and a label for every phase.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from m3n_studio.errors import ValueProblem
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.native import load_clip
from m3n_studio.resources import resource


def demo_clips() -> dict[str, Path]:
    """Path of every shipped motion by name, in alphabetical order."""
    return {path.stem: path for path in sorted(resource("motions").glob("*.npz"))}


def load_demo(name: str) -> Clip:
    """Load a shipped motion by name.

    Raises
    ------
    ValueProblem
        Where no motion has that name; it lists those there are.
    """
    paths = demo_clips()
    if name not in paths:
        raise ValueProblem(f"no demo motion is called {name!r}; there are {', '.join(paths)}")
    clip = load_clip(paths[name])
    return clip.with_(source=replace(clip.source, path=str(paths[name])))
