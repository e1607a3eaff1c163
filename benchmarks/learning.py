"""Windows a second in pretraining and finetuning, the share of a step spent on data, peak memory.

Each preset and kind in a process of its own, so that peaks are its own: a few steps to warm up, then
so many timed ones, on batches of the preset's size. Pretraining draws (text, pose, synthetic IMU)
windows from the bundled motions, a new body each time; finetuning takes made-up windows, eight classes.
``OMP_NUM_THREADS`` says how many threads. Run it when nothing else
runs; windows a second of processor time bear other load better.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource as machine
import subprocess
import sys
import time

TARGET = 0.05


def prepared(kind: str, preset: str):
    """A task with its batches."""
    import numpy as np

    from m3n_studio.learning.classifier_task import ClassifierTask
    from m3n_studio.learning.config import load_preset
    from m3n_studio.learning.finetune import build
    from m3n_studio.learning.folds import make_folds
    from m3n_studio.learning.methods import find_method
    from m3n_studio.learning.motion_batches import motion_batches
    from m3n_studio.learning.pretrain import _model, _Task
    from m3n_studio.learning.windows import Windows
    from m3n_studio.resources import resource

    config = load_preset(preset, {"text.encoder": "hashing"})
    if kind == "pretrain":
        config = config.with_({"windows.stride_s": 0.05, "pretrain.validation": 0.0})
        train = motion_batches(resource("motions"), config).train
        facts = {"method": "multi3net_plus", "placements": list(train.placements), "samples": train.samples,
                 "sentence_width": train.sentence_width}  # fmt: skip
        return _Task(_model(config, facts, 0), config.pretrain.loss, train, None), config.pretrain.optimiser
    n, spec = 3000, config.windows
    rng = np.random.default_rng(0)
    imu = rng.normal(size=(n, 2, 6, spec.samples)).astype(np.float32)
    people = np.array([f"u{i % 8}" for i in range(n)])
    windows = Windows(imu, np.ones((n, 2), dtype=bool), rng.integers(0, 8, n), np.ones(n, dtype=np.float32), people,
                      people, np.arange(n, dtype=float), tuple("abcdefgh"), spec.placements, spec.rate_hz)  # fmt: skip
    network = build(find_method("multi3net_plus"), config, windows, 0)
    return ClassifierTask(
        network, windows, make_folds(windows, "users5")[0], config.finetune, "never"
    ), config.finetune.optimiser


def measure(kind: str, preset: str, steps: int) -> None:
    """Print the numbers of one case as JSON."""
    import torch

    task, optimiser = prepared(kind, preset)
    adam = torch.optim.Adam(task.model.parameters(), lr=optimiser.learning_rate)
    task.training()
    waited = worked = windows = busy = 0.0
    batches, epoch = task.batches(0, 0), 0
    for step in range(-3, steps):
        began, cpu = time.perf_counter(), time.process_time()
        batch = next(batches, None)
        if batch is None:
            epoch += 1
            batches = task.batches(epoch, 0)
            batch = next(batches)
        ready = time.perf_counter()
        adam.zero_grad()
        task.loss(task.model, batch)[0].backward()
        adam.step()
        if step >= 0:
            waited += ready - began
            busy += time.process_time() - cpu
            worked += time.perf_counter() - ready
            windows += task.size(batch)
    print(json.dumps({
        "windows_per_cpu_s": windows / busy,
        "windows_per_s": windows / (waited + worked), "data_share": waited / (waited + worked),
        "step_s": (waited + worked) / steps, "batch": windows / steps,
        "peak_mb": machine.getrusage(machine.RUSAGE_SELF).ru_maxrss / 1024,
        "parameters": sum(p.numel() for p in task.model.parameters()),
    }))  # fmt: skip


def told(kind: str, preset: str, found: dict) -> str:
    """A row of the table."""
    speed = f"{found['windows_per_s']:10.1f} {found['windows_per_cpu_s']:14.1f} {found['step_s']:8.3f}"
    size = f"{found['parameters']:11,} {found['batch']:6.0f}"
    return f"{kind:9s} {preset:8s} {size} {speed} {100 * found['data_share']:5.1f} % {found['peak_mb']:9.0f}"


def main() -> int:
    """Measure every case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--case", nargs=2, metavar=("KIND", "PRESET"))
    args = parser.parse_args()
    if args.case:
        measure(*args.case, args.steps)
        return 0
    threads = os.environ.get("OMP_NUM_THREADS", "default")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {threads} threads, load {os.getloadavg()[0]:.1f}")
    print("case               parameters  batch  windows/s  per CPU second   s/step   data   peak MB")
    missed = 0
    for kind in ("pretrain", "finetune"):
        for preset in ("small", "paper"):
            steps = args.steps if preset == "small" else max(2, args.steps // 5)
            command = [sys.executable, __file__, "--case", kind, preset, "--steps", str(steps)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            missed += kind == "pretrain" and found["data_share"] > TARGET
            print(told(kind, preset, found), flush=True)
    print(f"data at most {100 * TARGET:.0f} % of a step of pretraining: {'MISSED' if missed else 'reached'}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
