"""A stranger's plugin: a convolutional IMU encoder, an objective of its own, methods that use them; and bad ones."""

from contextlib import contextmanager

import torch
from torch import nn

from m3n_studio.learning.contributed import ImuEncoderSpec, ObjectiveSpec
from m3n_studio.learning.losses import info_nce
from m3n_studio.learning.methods import Method
from m3n_studio.learning.objectives import Objectives
from m3n_studio.plugins import the_door

_BUILD = "m3n_studio.learning.build:plain"


class Convolutions(nn.Module):
    """Every channel by the same convolutions over time."""

    def __init__(self, config, samples):
        super().__init__()
        self.over_time = nn.Sequential(nn.Conv1d(1, 8, 5, padding=2), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1))
        self.token = nn.Linear(8 * samples, config.width)
        self.embed = nn.Linear(6 * config.width, config.embedding)

    def forward(self, imu):
        each = self.over_time(imu.flatten(0, 1)[:, None]).flatten(1)
        tokens = self.token(each).reshape(len(imu), 6, -1)
        return tokens, self.embed(tokens.flatten(1))


class Narrow(Convolutions):
    """Its embedding is one too narrow."""

    def forward(self, imu):
        tokens, embedding = super().forward(imu)
        return tokens, embedding[:, 1:]


class Alone(Convolutions):
    """It forgets the tokens."""

    def forward(self, imu):
        return super().forward(imu)[1]


class Longer(Convolutions):
    """It wants longer windows."""

    def __init__(self, config, samples):
        super().__init__(config, samples + 1)


class AccGyr(nn.Module):
    """The acceleration of a window and its angular velocity find each other among those of other windows."""

    def __init__(self, config, shape):
        super().__init__()
        self.of = nn.ModuleDict({name: nn.ModuleList(self._encoder() for _ in range(2)) for name in shape.placements})

    @staticmethod
    def _encoder():
        return nn.Sequential(nn.Conv1d(3, 16, 5, stride=2), nn.ReLU(), nn.AdaptiveAvgPool1d(4), nn.Flatten(),
                             nn.Linear(64, 16))  # fmt: skip

    def forward(self, joint, batch):
        losses = []
        for p, (acc, gyr) in enumerate(self.of.values()):
            imu = batch.imu[batch.imu_mask[:, p], p]
            losses.append(info_nce(acc(imu[:, :3]), gyr(imu[:, 3:]), temperature=0.1))
        return torch.stack(losses).mean()


class Apart(nn.Module):
    """Embeddings of the placements, as they come out of the joint model, at distance; no modules of its own."""

    def __init__(self, config, shape):
        super().__init__()

    def forward(self, joint, batch):
        return (joint.imu[:, 0] * joint.imu[:, 1]).mean()


class EveryWindow(Apart):
    """Not a scalar."""

    def forward(self, joint, batch):
        return batch.imu.mean(dim=(1, 2, 3))


def no_module(config, shape):
    return "a module"


def register(door):
    for name in ("Convolutions", "Narrow", "Alone", "Longer", "Missing"):
        door.add("imu_encoder", name.lower(), ImuEncoderSpec(name.lower(), name, "", f"{__name__}:{name}"))
    objectives = {"ssl_imu": "AccGyr", "apart": "Apart", "every_window": "EveryWindow", "no_module": "no_module"}
    for name, target in objectives.items():
        door.add("objective", name, ObjectiveSpec(name, target, "", f"{__name__}:{target}"))
    recon = {"contrastive": False, "pose2imu": False}
    for name, asked in (
        ("stranger", Objectives(**recon, more=("ssl_imu", "apart"))),
        ("ssl_alone", Objectives(**recon, reconstruction=False, more=("ssl_imu",))),
        ("vague", Objectives(**recon, more=("every_window",))),
        ("empty", Objectives(**recon, more=("no_module",))),
        ("forgetful", Objectives(**recon, more=("ssl_imux",))),
    ):
        door.add("method", name, Method(name, name, "", "neural", _BUILD, asked))


@contextmanager
def here():
    """The plugin is installed while this lasts, in the door the program asks."""
    door = the_door()
    before, door._items = door._items, {kind: dict(items) for kind, items in door._items.items()}
    try:
        door.admit("stranger", lambda: register)
        assert door.failures == []
        yield door
    finally:
        door._items = before
