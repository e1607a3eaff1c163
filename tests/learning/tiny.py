"""Tiny trainings for the tests: settings, a source of made-up batches, windows; also run as a child to kill."""

import hashlib
import sys
from pathlib import Path

import torch

from m3n_studio.learning import loop
from m3n_studio.learning.config import load_preset
from m3n_studio.learning.finetune import finetune
from m3n_studio.learning.folds import Scaler
from m3n_studio.learning.models.multi3net import PretrainBatch
from m3n_studio.learning.pretrain import pretrain

from . import made

USERS = {f"u{i}": (8, 8, 8) for i in range(5)}
BOTH = ("left_wrist", "right_wrist")
SAMPLES, RATE_HZ = 32, 16.0


class Made:
    """A source of batches whose three modalities all say which of four motions it is."""

    placements, samples, sentence_width, batch = BOTH, SAMPLES, 12, 8

    def __init__(self, batches=5, kind=0, poison=False):
        self.batches, self.kind, self.poison = batches, kind, poison
        self.scaler = Scaler.fit_arrays(
            torch.randn(4, 2, 6, SAMPLES, generator=torch.Generator().manual_seed(0)).numpy()
        )

    def __len__(self):
        return self.batches

    def epoch(self, seed, start=0):
        for index in range(start, self.batches):
            yield self.at(seed, index)

    def at(self, seed, index):
        make = torch.Generator().manual_seed((seed * 1000 + index + 77 * self.kind) % 2**62)
        which = torch.randint(0, 4, (self.batch,), generator=make)
        t = torch.arange(SAMPLES) / RATE_HZ
        wave = torch.sin(2 * torch.pi * (which[:, None] + 1) * t + torch.rand(self.batch, 1, generator=make))
        imu = wave[:, None, None] + 0.1 * torch.randn(self.batch, 2, 6, SAMPLES, generator=make)
        pose = wave[:, :, None, None] * torch.ones(52, 3) + 0.1 * torch.randn(
            self.batch, SAMPLES, 52, 3, generator=make
        )
        text = torch.nn.functional.one_hot(which, 12).float()
        if self.poison and index == 3:
            imu = imu * torch.nan
        ones = torch.ones(self.batch, dtype=torch.bool)
        return PretrainBatch(
            imu, ones[:, None].expand(-1, 2), pose, ones[:, None].expand(-1, SAMPLES), text, None, which, which
        )

    def fingerprint(self):
        return hashlib.sha256(repr((self.batches, self.kind)).encode()).hexdigest()


def settings(**changes):
    base = {
        "windows.rate_hz": RATE_HZ, "windows.length_s": SAMPLES / RATE_HZ, "pretrain.optimiser.epochs": 4,
        "finetune.optimiser.epochs": 4, "finetune.method": "base", "finetune.optimiser.batch": 16,
    }  # fmt: skip
    return load_preset("smoke", {**base, **{name.replace("__", "."): value for name, value in changes.items()}})


def windows(seed=0, users=None):
    return made.windows(users or USERS, placements=BOTH, samples=SAMPLES, rate_hz=RATE_HZ, seed=seed)


CASES = {
    "pretrain": lambda path, **more: pretrain(
        path, settings(pretrain__optimiser__epochs=6), Made(), Made(2, 1), method="multi3net", accelerator="cpu", **more
    ),
    "finetune": lambda path, **more: finetune(
        path,
        settings(finetune__optimiser__epochs=6, finetune__validation_users=1),
        windows(),
        accelerator="cpu",
        **more,
    ),
    "deepconvlstm": lambda path, **more: finetune(
        path, settings(finetune__method="deepconvlstm"), windows(), accelerator="cpu", **more
    ),
}


if __name__ == "__main__":
    torch.set_num_threads(1)
    loop.SAVE_S = 0.0
    CASES[sys.argv[1]](Path(sys.argv[2]), resume=True)
