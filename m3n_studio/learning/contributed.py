"""IMU encoders and further pretraining objectives: what a contribution is, which there are, what a run needs of them.

Both come through the door and are named by an import path, so that a table of them costs no torch;
:mod:`m3n_studio.learning.models.contributed` builds them. ``model.imu.kind`` chooses the encoder of all
placements; a method's :class:`~m3n_studio.learning.objectives.Objectives` name its further objectives.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from m3n_studio.errors import FileError, UnknownName, ValueProblem
from m3n_studio.learning.objectives import checked_name
from m3n_studio.plugins import Door, the_door

if TYPE_CHECKING:
    from m3n_studio.learning.config import LearningConfig
    from m3n_studio.learning.methods import Method

IMU_ENCODER, OBJECTIVE = "imu_encoder", "objective"


@dataclass(frozen=True)
class ImuEncoderSpec:
    """An encoder of one placement's windows.

    Attributes
    ----------
    name, title, about : str
        For ``model.imu.kind``, for people, and a sentence.
    build : str
        Import path of ``build(config: ImuEncoderConfig, samples: int) -> nn.Module``. The module takes
        normalised windows (B, 6, T), of zeros where the placement is missing, to tokens H (B, 6, width)
        and an embedding (B, embedding). Its weights are drawn from torch's generator while it is built; in
        evaluation a window's result does not depend on the other windows of its batch.
    """

    name: str
    title: str
    about: str
    build: str


@dataclass(frozen=True)
class ObjectiveSpec:
    """Something further a pretraining asks for.

    Attributes
    ----------
    name, title, about : str
        For files and ``pretrain.loss.weights`` (small letters, digits, ``_``), for people, and a sentence.
    build : str
        Import path of ``build(config: ModelConfig, shape: DataShape) -> nn.Module`` (the shape has no
        classes). The module takes (joint: Joint, batch: PretrainBatch) to a scalar loss; modules of its
        own are trained and kept with the joint model. ``batch.imu`` is normalised and may hold anything
        where ``batch.imu_mask`` is False; ``joint.pose`` and ``joint.text`` are None where the method's
        built-in objectives do not need them. In evaluation it draws nothing.
    """

    name: str
    title: str
    about: str
    build: str

    def __post_init__(self) -> None:
        checked_name(self.name)


def find_imu_encoder(name: str, door: Door | None = None) -> ImuEncoderSpec:
    """The IMU encoder of that name; `UnknownName` with the nearest if there is none."""
    spec: ImuEncoderSpec = (door or the_door()).get(IMU_ENCODER, name)
    return spec


def find_objective(name: str, door: Door | None = None) -> ObjectiveSpec:
    """The further objective of that name; `UnknownName` with the nearest if there is none."""
    spec: ObjectiveSpec = (door or the_door()).get(OBJECTIVE, name)
    return spec


def check_encoder(method: Method, config: LearningConfig) -> None:
    """Whether the encoder a method's networks are built from is here; asked before a run begins."""
    if method.concerned("model.imu.kind"):
        find_imu_encoder(config.model.imu.kind)


def check_pretraining(method: Method, config: LearningConfig) -> None:
    """Whether all that a pretraining asks for is here, and asked for; asked before a run begins.

    Raises
    ------
    UnknownName
        For an encoder or an objective that nobody contributed.
    ValueProblem
        For a weight of an objective that the method does not ask for.
    """
    check_encoder(method, config)
    for name in method.objectives.more if method.objectives else ():
        find_objective(name)
    check_weights(config, method)


def check_weights(config: LearningConfig, *methods: Method) -> None:
    """Whether every weight is of an objective that one of some methods asks for; `ValueProblem` where one is not."""
    asked = [name for method in methods if method.objectives for name in method.objectives.more]
    for name in config.pretrain.loss.weights:
        if name not in asked:
            raise ValueProblem(
                f"pretrain.loss.weights has {name!r}, which {', '.join(m.name for m in methods)} does not ask for; "
                f"further objectives asked for: {', '.join(asked) or '(none)'}"
            )


@contextmanager
def reopening(path: str | Path) -> Iterator[None]:
    """While a run is opened: what nobody here contributes is a `FileError` that names it and the run."""
    try:
        yield
    except UnknownName as error:
        failed = ", ".join(f"{f.name} ({f.error})" for f in the_door().failures)
        wanted = "the plugin the run was made with" + (f"; these could not be loaded: {failed}" if failed else "")
        raise FileError(path, found=str(error), expected=wanted) from error
