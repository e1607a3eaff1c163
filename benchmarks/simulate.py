"""Simulating against what a user would do instead: smplx's forward pass and finite differences.

Both sides run here, in turns, on the same body and the same motion (60 s at 60 Hz, both
wrists), and the median of several runs is printed. The other side is ``smplx.lbs.lbs`` in
float32 over all vertices, in batches, then central second differences of the two vertices; it
makes no gyroscope. Its batch of 180 frames was the quickest of 16 to 360. Our side makes both,
low-passed, with a validity mask.

    python benchmarks/simulate.py [--bodies 1000] [--repeats 5] [--body FILE]
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from smplx.lbs import lbs

from m3n_studio.body.files import default_body, load_body
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.imu.augment import augment, sample_vectors
from m3n_studio.imu.placement import named_placement
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate
from m3n_studio.imu.tensor import signal_tensor
from m3n_studio.motion.clip import Clip

WRISTS = ["left_wrist", "right_wrist"]
FRAMES, RATE_HZ, BATCH = 3600, 60.0, 180


def motion() -> Clip:
    """A minute of smooth movement of every joint."""
    rng, times = np.random.default_rng(0), np.arange(FRAMES) / RATE_HZ
    poses, trans = np.zeros((FRAMES, 52, 3)), np.zeros((FRAMES, 3))
    for hz in (0.2, 0.5, 1.0, 1.7):
        phase = rng.uniform(0, 2 * np.pi, (52, 3))
        poses += 0.12 * rng.normal(size=(52, 3)) * np.sin(2 * np.pi * hz * times[:, None, None] + phase)
        trans += 0.05 * rng.normal(size=3) * np.sin(2 * np.pi * hz * times[:, None])
    return Clip(RATE_HZ, poses, trans)


def smplx_and_differences(model: BodyModel, clip: Clip) -> Callable[[], np.ndarray]:
    """What a user would write: vertices of the whole clip, then differences of two of them."""
    j, v = len(model.parents), len(model.vertices)
    regressor = model.regressor.toarray() if hasattr(model.regressor, "toarray") else model.regressor
    pose_dirs = np.zeros((9 * (j - 1), 3 * v)) if model.pose_dirs is None else model.pose_dirs

    def single(array: np.ndarray) -> torch.Tensor:
        return torch.tensor(np.array(array), dtype=torch.float32)

    fixed = (single(model.vertices), single(model.shape_dirs), single(pose_dirs), single(regressor),
             torch.tensor(model.parents.astype(np.int64)), single(model.weights))  # fmt: skip
    joints = np.concatenate([clip.poses, np.zeros((len(clip), 1, 3))], axis=1)[:, model.clip_joints]
    poses, betas = single(joints.reshape(len(clip), -1)), torch.ones(1, model.n_betas)
    picked = [int(model.faces[named_placement(model, name).triangle][0]) for name in WRISTS]

    def run() -> np.ndarray:
        parts = []
        with torch.no_grad():
            for start in range(0, len(clip), BATCH):
                pose = poses[start : start + BATCH]
                vertices, _ = lbs(betas.expand(len(pose), -1), pose, *fixed)
                parts.append(vertices[:, picked].numpy() + clip.trans[start : start + BATCH, None])
        p = np.concatenate(parts)
        acc = np.zeros_like(p)
        acc[1:-1] = (p[2:] - 2 * p[1:-1] + p[:-2]) * RATE_HZ**2
        return acc

    return run


def seconds(run: Callable[[], object], repeats: int) -> float:
    """Median time of a call, s; one call before does not count."""
    run()
    out = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        out.append(time.perf_counter() - start)
    return float(np.median(out))


def write_bytes(path: Path, content: np.ndarray) -> None:
    """Write an array's bytes and flush them to disk, as `augment` does."""
    with path.open("wb") as file:
        file.write(content.data)
        file.flush()
        os.fsync(file.fileno())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bodies", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--body", type=Path, help="a body file; the default body where absent")
    options = parser.parse_args()
    model = load_body(options.body) if options.body else default_body()
    clip = motion()
    placements = [named_placement(model, name) for name in WRISTS]
    shape = Shape(tuple(np.ones(model.n_betas)), space=model.name)
    cores, threads = os.cpu_count(), torch.get_num_threads()
    print(f"{platform.machine()}, {cores} cores, load {os.getloadavg()[0]:.1f}, torch on {threads} threads")
    print(f"body {model.name}: {len(model.vertices)} vertices, {shape_space(model).vertex_dirs.shape[2]} components")

    other = seconds(smplx_and_differences(model, clip), max(1, options.repeats // 2))
    ours = seconds(lambda: simulate(model, clip, placements, shape=shape), 4 * options.repeats)
    line("smplx + finite differences, one body", other)
    line("simulate, one body, both wrists", ours, f"{other / ours:.0f} x (target >= 200)")

    vectors = sample_vectors(model, options.bodies)
    tensor = signal_tensor(model, clip, placements, Settings())
    out = tensor.acc_many(vectors)
    prepare = seconds(lambda: signal_tensor(model, clip, placements, Settings()), options.repeats)
    many = seconds(lambda: tensor.acc_many(vectors, out=out), options.repeats)
    each = (prepare + many) / options.bodies
    line("tensor, once per clip", prepare)
    line("a body from the tensor (a slider moves)", seconds(lambda: tensor.acceleration(shape), 20 * options.repeats))
    line(f"per body in {options.bodies}, tensor included", each, f"{other / each:.0f} x (target >= 10000)")

    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder)
        whole = seconds(lambda: augment(model, clip, placements, path / "a.h5", bodies=options.bodies), options.repeats)
        content = np.frombuffer((path / "a.h5").read_bytes(), dtype=np.uint8)
        plain = seconds(lambda: write_bytes(path / "plain.bin", content), options.repeats)
    line(f"augment to HDF5, {len(content) / 1e6:.0f} MB", whole, f"{other * options.bodies / whole:.0f} x per body")
    line("writing and syncing the same bytes", plain, f"{whole / plain:.1f} x (target <= 10)")


def line(what: str, duration_s: float, ratio: str = "") -> None:
    print(f"{what:42s}{duration_s * 1e3:12.3f} ms   {ratio}")


if __name__ == "__main__":
    main()
