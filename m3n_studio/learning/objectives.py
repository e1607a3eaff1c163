"""What a pretraining asks for; a value that costs nothing to import."""

from __future__ import annotations

import re
from dataclasses import dataclass

from m3n_studio.errors import ValueProblem

#: How a further objective may be called: its name is a term of the loss, a key of a table and part of a weight's name.
NAME = r"^[a-z][a-z0-9_]*$"
_TAKEN = ("contrastive", "pose2imu", "reconstruction", "loss")


@dataclass(frozen=True)
class Objectives:
    """The contrast between modalities, the two regressions, and further objectives by name.

    The first three are no contributions: the contrast decides which encoders there are, the
    regressions are decoders of the joint model, and kept runs name their weights by these parts. The
    `more` come through the door (:class:`~m3n_studio.learning.contributed.ObjectiveSpec`).
    """

    contrastive: bool = True
    pose2imu: bool = True
    reconstruction: bool = True
    more: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.contrastive or self.pose2imu or self.reconstruction or self.more):
            raise ValueProblem("pretraining needs at least one objective")
        for name in self.more:
            checked_name(name)
        if len(set(self.more)) < len(self.more):
            raise ValueProblem(f"further objectives must be distinct; found {', '.join(self.more)}")

    @property
    def pose(self) -> bool:
        """Whether poses are looked at."""
        return self.contrastive or self.pose2imu


def checked_name(name: str) -> str:
    """The name of a further objective, as it is; `ValueProblem` where none may be called so."""
    if not re.fullmatch(NAME, name) or name in _TAKEN:
        raise ValueProblem(
            f"an objective's name is small letters, digits and _, and none of {', '.join(_TAKEN)}; found {name!r}"
        )
    return name
