"""The table of methods: what pretrains them, what classifies; contributed through the door.

A method is neural (pretrained or not, then trained by the common loop) or classical (learns in one
go). Its networks are named by an import path and built when asked for, so that the table costs
neither torch nor scikit-learn. A plugin's method stands beside ours: a `build` that gives an
``nn.Module`` from normalised windows and mask to :class:`~m3n_studio.learning.models.classifier.Outputs`,
with ``extra_loss(outputs)``, and ``encoder`` where it can be pretrained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.objectives import Objectives
from m3n_studio.plugins import Door, load, the_door

if TYPE_CHECKING:
    from m3n_studio.learning.classical import Classical
    from m3n_studio.learning.model_config import ModelConfig

KIND = "method"


@dataclass(frozen=True)
class DataShape:
    """What a network must know of the data: samples a window, placements in order, number of classes."""

    samples: int
    placements: tuple[str, ...]
    classes: int


@dataclass(frozen=True)
class Method:
    """One way from windows to classes.

    Attributes
    ----------
    name, title, about : str
        For files, for people, and a sentence.
    family : {"neural", "classical"}
    build : str
        Import path. Neural: ``build(config: ModelConfig, shape: DataShape) -> nn.Module``; classical:
        ``build(seed) -> Classical``.
    objectives : Objectives or None
        What its pretraining asks for; None trains from scratch.
    parts : tuple of str
        Parts of the ``model`` settings it is built from; empty for all of them.
    """

    name: str
    title: str
    about: str
    family: Literal["neural", "classical"]
    build: str
    objectives: Objectives | None = None
    parts: tuple[str, ...] = ()

    def concerned(self, setting: str) -> bool:
        """Whether a setting, by its dotted name, has a say in what it learns.

        A study computes nothing anew for the others.
        """
        if setting == "pretrain.loss.weights":
            return self.objectives is not None and bool(self.objectives.more)
        if self.pretrained:
            return setting not in ("version", "preset")
        if self.family == "classical":
            return setting.startswith(("windows.", "finetune.folds", "finetune.validation_users"))
        top, _, rest = setting.partition(".")
        if top == "model":
            return not self.parts or rest.partition(".")[0] in self.parts
        return top == "windows" or (top == "finetune" and not rest.startswith(("warm_start.", "freeze", "normalise")))

    @property
    def pretrained(self) -> bool:
        """Whether it wants a pretrained encoder."""
        return self.objectives is not None

    def network(self, config: ModelConfig, shape: DataShape) -> Any:
        """Its classifier (an ``nn.Module``), weights drawn from torch's generator."""
        if self.family != "neural":
            raise ValueProblem(f"{self.name} has no network: it learns in one go")
        return load(self.build)(config, shape)

    def estimator(self, seed: int) -> Classical:
        """Its estimator, where it is classical."""
        if self.family != "classical":
            raise ValueProblem(f"{self.name} is a network: it is trained, not fitted in one go")
        estimator: Classical = load(self.build)(seed)
        return estimator

    def joint(self, config: ModelConfig, shape: DataShape, sentence_width: int) -> Any:
        """The model its pretraining trains (:class:`~m3n_studio.learning.models.multi3net.Multi3Net`)."""
        if self.objectives is None:
            raise ValueProblem(f"{self.name} is not pretrained")
        from m3n_studio.learning.models.multi3net import Multi3Net

        return Multi3Net(config, shape.samples, shape.placements, sentence_width, self.objectives)


def methods(door: Door | None = None) -> dict[str, Method]:
    """Every method by name, ours first."""
    return dict((door or the_door()).all(KIND))


def find_method(name: str, door: Door | None = None) -> Method:
    """The method of that name; `UnknownName` with the nearest if there is none."""
    method: Method = (door or the_door()).get(KIND, name)
    return method
