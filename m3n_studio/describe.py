"""What a file is, in a few lines: for ``m3n-studio info`` and for error messages that help."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from m3n_studio.errors import FileError
from m3n_studio.motion.clip import Clip, runs
from m3n_studio.recordings.signal import Signal


def describe(file: str) -> list[str]:
    """Lines about a motion, a recording, a body file, or the bundled motions (``demo``)."""
    from m3n_studio import workbench

    if file == "demo":
        return list(_demos())
    if file.startswith(workbench.DEMO_PREFIX):
        return list(_clip(workbench.open_clip(file)))
    path = Path(file)
    if not path.exists():
        raise FileError(path, found="there is no such file")
    tried: list[str] = []
    for kind in (_as_motion, _as_recording, _as_body, _as_augmented):
        try:
            return kind(path)
        except FileError as error:
            tried.append(f"as {kind.__name__[4:]}: {str(error).removeprefix(f'{path}: ')}")
    raise FileError(path, found="nothing that is known here. " + " | ".join(tried))


def _as_motion(path: Path) -> list[str]:
    from m3n_studio.motion.formats import read_clip

    return list(_clip(read_clip(path)))


def _as_recording(path: Path) -> list[str]:
    from m3n_studio.recordings.formats import read_signals

    return [line for signal in read_signals(path) for line in _signal(signal)]


def _as_body(path: Path) -> list[str]:
    from m3n_studio.body.files import load_body
    from m3n_studio.body.measure import measure

    if path.suffix.lower() not in {".npz", ".pkl"}:
        raise FileError(path, found=f"suffix {path.suffix or '(none)'}", expected="a body file is .npz or .pkl")
    model = load_body(path)
    size = measure(model)
    return [
        f"body        {model.name}: {model.family}, {model.gender}",
        f"mesh        {len(model.vertices)} vertices, {len(model.faces)} faces, {len(model.parents)} joints",
        f"shape       {model.n_betas} betas + 10 limb scales;"
        f" pose blend shapes {'no' if model.pose_dirs is None else 'yes'}",
        f"mean body   {size.stature_m:.3f} m, {size.mass_kg:.1f} kg, arm span {size.arm_span_m:.3f} m",
    ]


def _as_augmented(path: Path) -> list[str]:
    from m3n_studio.imu.augment import summarise

    if path.suffix.lower() not in {".h5", ".hdf5"}:
        raise FileError(path, found=f"suffix {path.suffix or '(none)'}", expected="augmented bodies are .h5")
    return list(summarise(path))


def _demos() -> Iterator[str]:
    from m3n_studio.motion.demo import demo_clips, load_demo

    for name in demo_clips():
        clip = load_demo(name)
        text = next((t.text for t in clip.texts if t.kind != "label"), "")
        yield f"demo:{name:<16} {clip.duration_s:5.1f} s at {clip.rate_hz:g} Hz  {text}"


def _clip(clip: Clip) -> Iterator[str]:
    gaps = len(runs(~clip.valid))
    length = f"{len(clip)} frames at {clip.rate_hz:.6g} Hz, {clip.duration_s:.2f} s"
    yield f"motion      {clip.source.format or 'clip'}: {length}"
    yield f"gaps        {gaps}, {100 * (1 - clip.valid.mean()):.1f} % of the frames" if gaps else "gaps        none"
    path = clip.trans[clip.valid] if clip.valid.any() else clip.trans
    reach = np.ptp(path, axis=0)
    yield f"pelvis      moves {reach[0]:.2f} x {reach[1]:.2f} x {reach[2]:.2f} m (x, y up, z)"
    known = ", ".join(f"{k} {100 * v:+.1f} %" for k, v in clip.shape.limbs.items())
    betas = f"{len(clip.shape.betas)} betas of {clip.shape.space or 'an unnamed space'}" if clip.shape.betas else ""
    size = f"scale {clip.shape.scale:.3f}" if clip.shape.scale != 1 else ""
    yield "performer   " + ("; ".join(filter(None, [clip.gender, betas, known, size])))
    for note in clip.source.notes:
        yield f"note        {note}"
    for text in clip.texts:
        yield f"text        {text.start_s:7.2f} - {text.end_s:7.2f} s  {text.text}"


def _signal(signal: Signal) -> Iterator[str]:
    acc = np.linalg.norm(signal.acc_mps2[signal.valid], axis=1) if signal.valid.any() else np.zeros(1)
    gyr = np.linalg.norm(signal.gyr_radps[signal.valid], axis=1) if signal.valid.any() else np.zeros(1)
    steps = np.diff(signal.time_s)
    jitter = float(np.ptp(steps)) if len(steps) else 0.0
    yield (
        f"signal      {signal.name}: {len(signal)} samples at {signal.rate_hz:.6g} Hz,"
        f" {signal.time_s[0]:.3f} to {signal.time_s[-1]:.3f} s,"
        f" {100 * signal.valid.mean():.1f} % valid"
        + (f", step varies by {1e3 * jitter:.1f} ms" if jitter > 1e-6 else "")
    )
    yield f"            |acc| median {np.median(acc):.2f}, max {acc.max():.1f} m/s2"
    yield f"            |gyr| median {np.median(gyr):.2f}, max {gyr.max():.1f} rad/s"
