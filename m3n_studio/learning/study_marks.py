"""What a study's results are known by: digests of the settings that have a say in them.

A finished cell or pretraining must stay known when the program learns a new setting: one that came later
is left out of every digest while it is as things were before.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from m3n_studio.learning.config import FinetuneConfig, LearningConfig
from m3n_studio.learning.methods import Method
from m3n_studio.learning.model_config import ClassifierConfig, DeepConvLstmConfig

#: Settings that came after results were kept, and what those were computed with.
_LATER: dict[str, Any] = {
    "model.imu.kind": "attention", "pretrain.loss.weights": {}, "finetune.warm_start.unlabelled": 0.0,
    "finetune.warm_start.copies": 0, "finetune.warm_start.turn_deg": 20.0,
}  # fmt: skip


def told(config: LearningConfig) -> dict[str, Any]:
    """A configuration as JSON has it, without later settings that are as things were before."""
    data = config.model_dump(mode="json")
    for name, before in _LATER.items():
        *path, last = name.split(".")
        table = data
        for step in path:
            table = table[step]
        if table[last] == before:
            del table[last]
    return data


def objectives_told(method: Method) -> str:
    """What a method's pretraining asks for; as it was before there were further objectives where it has none."""
    return repr(method.objectives).replace(", more=()", "")


def for_pretraining(config: LearningConfig, method: Method) -> LearningConfig:
    """The settings with all that a pretraining does not ask at its default, so that one run serves many finetunings.

    The grid's methods share their settings: weights of objectives that only others ask for are left out.
    """
    more = method.objectives.more if method.objectives else ()
    return config.with_({
        "finetune": FinetuneConfig(), "model.classifier": ClassifierConfig(),
        "model.deepconvlstm": DeepConvLstmConfig(),
        "pretrain.loss.weights": {n: w for n, w in config.pretrain.loss.weights.items() if n in more},
    })  # fmt: skip


def settings_mark(config: LearningConfig, method: Method, pretrain_seeds: str) -> str:
    """A digest of every setting the grid does not vary and that concerns a method."""
    concerned = {
        name: value for name, value in config.flat().items()
        if method.concerned(name) and not (name in _LATER and value == _LATER[name])
    }  # fmt: skip
    seeds = pretrain_seeds if method.pretrained else ""
    return hashlib.sha256(json.dumps([concerned, seeds], sort_keys=True).encode()).hexdigest()[:16]
