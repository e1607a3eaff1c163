"""What a pretraining asks for; a value that costs nothing to import."""

from __future__ import annotations

from dataclasses import dataclass

from m3n_studio.errors import ValueProblem


@dataclass(frozen=True)
class Objectives:
    """The contrast between modalities, and the two regressions."""

    contrastive: bool = True
    pose2imu: bool = True
    reconstruction: bool = True

    def __post_init__(self) -> None:
        if not (self.contrastive or self.pose2imu or self.reconstruction):
            raise ValueProblem("pretraining needs at least one objective")

    @property
    def pose(self) -> bool:
        """Whether poses are looked at."""
        return self.contrastive or self.pose2imu
