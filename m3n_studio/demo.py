"""The main job, start to finish, on what ships with the program.

A motion and a recording of it go in; simulated signals, the alignment, the fidelity table, a
comparison of the simulators and pictures of the window come out. The recording is a stand-in
made by ``tools/make_demo_recording.py`` (another body, turned straps, a wrong clock, a
smartwatch's errors): real ones may not be shipped.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from m3n_studio import workbench
from m3n_studio.errors import FileError, M3nError
from m3n_studio.recordings.signal import Signal
from m3n_studio.resources import resource

MOTION = "pack_box"
RATE_HZ = 100.0
LOWPASS_HZ = 10.0
MODES = ("exact", "transpose", "imusim", "wimusim")
#: Pictures of the window: file name, theme, share of the clip that has passed, size.
PICTURES = (
    ("window-dark.png", "dark", 0.35, (1440, 900)),
    ("window-light.png", "light", 0.62, (1440, 900)),
)


def recording_path() -> Path:
    """The bundled stand-in for a recording of the demo motion."""
    return resource("recordings", f"{MOTION}_watches.csv")


def run_demo(out: Path, *, echo: Callable[[str], object]) -> workbench.Scene:
    """Simulate, align and judge the demo; leave files and pictures in `out`; say what was seen."""
    from m3n_studio.motion.demo import demo_clips
    from m3n_studio.recordings.tables import write_signals

    try:
        out.mkdir(parents=True, exist_ok=True)
        motion = shutil.copyfile(demo_clips()[MOTION], out / f"{MOTION}.npz")
        recording = shutil.copyfile(recording_path(), out / recording_path().name)
    except OSError as error:
        raise FileError(out, found=f"it cannot be written ({error.strerror})", expected="a folder for --out") from error
    scene = workbench.scene(motion, real=recording)
    write_signals(out / "simulated.csv", scene.simulated)
    names = ", ".join(s.name for s in scene.simulated)
    echo(f"motion      {motion}  ({scene.clip.duration_s:.1f} s at {scene.clip.rate_hz:g} Hz)")
    echo(f"recording   {recording}  (a stand-in: another body, turned straps, a wrong clock, a watch's noise)")
    echo(f"simulated   {out / 'simulated.csv'}  ({names})")
    for judged in workbench.judge(scene.simulated, scene.recordings, lowpass_hz=LOWPASS_HZ):
        echo("")
        echo(judged.text())
    echo("")
    for line in compare_modes(scene):
        echo(line)
    echo("")
    for name, theme, share, size in PICTURES:
        show(scene, screenshot=out / name, at_s=share * scene.clip.duration_s, theme=theme, size=size)
        echo(f"picture     {out / name}")
    echo("")
    echo(f"Next: m3n-studio view {motion} --real {recording}")
    return scene


def compare_modes(scene: workbench.Scene, modes: Sequence[str] = MODES) -> list[str]:
    """A line for every simulator: how close it comes to the scene's recordings."""
    from m3n_studio.imu.simulate import Settings, simulate

    lines = [
        f"Simulators compared (low-passed at {LOWPASS_HZ:g} Hz; mean over axes and sensors):",
        "mode        acc r   acc RMSE m/s2   gyr r   gyr RMSE rad/s",
    ]
    for mode in modes:
        signals: Sequence[Signal] = simulate(
            scene.model, scene.clip, scene.placements, shape=scene.shape, settings=Settings(rate_hz=RATE_HZ), mode=mode
        )
        rows = [
            row for j in workbench.judge(signals, scene.recordings, lowpass_hz=LOWPASS_HZ) for row in j.report.channels
        ]
        acc, gyr = (
            [
                np.mean([getattr(r, key) for r in rows if r.quantity == quantity and r.axis != "magnitude"])
                for key in ("r", "rmse")
            ]
            for quantity in ("acc", "gyr")
        )
        lines.append(f"{mode:<10} {acc[0]:6.3f}   {acc[1]:13.2f}   {gyr[0]:5.3f}   {gyr[1]:14.2f}")
    return lines


def has_screen() -> bool:
    """Whether a window can be shown at all."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def show(
    scene: workbench.Scene | None,
    *,
    screenshot: Path | None = None,
    at_s: float = 0.0,
    theme: str = "system",
    size: tuple[int, int] | None = None,
) -> int:
    """Open the window on a scene, or take its picture; a picture needs no screen."""
    if not has_screen():
        if screenshot is None:
            raise M3nError(
                "there is no screen to open a window on; add --screenshot FILE.png, or run it under xvfb-run"
            )
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from m3n_studio.studio.app import run_scene

    viewport = "auto" if has_screen() else "offscreen"
    return run_scene(scene, screenshot=screenshot, at_s=at_s, theme=theme, size=size, viewport=viewport)
