"""The joint model that pretraining trains: encoders of text, pose and every placement, and two decoders.

A method needs only some of the parts (its :class:`~m3n_studio.learning.objectives.Objectives`); the others are not
built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor, nn

from m3n_studio.learning.methods import DataShape
from m3n_studio.learning.model_config import ModelConfig
from m3n_studio.learning.models.contributed import build_objective, scalar
from m3n_studio.learning.models.imu_encoder import ImuEncoders
from m3n_studio.learning.models.pose2imu import ImuDecoder, ImuReconstructor
from m3n_studio.learning.models.pose_encoder import PoseEncoder
from m3n_studio.learning.models.text_encoder import TextEncoder
from m3n_studio.learning.objectives import Objectives

__all__ = ["Joint", "Multi3Net", "Objectives", "PretrainBatch", "parameter_counts"]


class PretrainBatch(NamedTuple):
    """Windows of three modalities that belong together.

    imu (B, P, 6, T) normalised, imu_mask (B, P); pose (B, T, 52, 3) rad, pose_mask (B, T); text
    (B, S) or (B, L, S), text_mask (B, L) or None; text_id, clip_id (B,) say which windows share
    their text or their clip. Masks are True for what is real.
    """

    imu: Tensor
    imu_mask: Tensor
    pose: Tensor
    pose_mask: Tensor
    text: Tensor
    text_mask: Tensor | None
    text_id: Tensor
    clip_id: Tensor


class Joint(NamedTuple):
    """What the joint model makes of a batch; None where not asked for.

    Embeddings text and pose (B, E), imu (B, P, E); the decoders' windows (B, P, 6, T); losses of further
    objectives by name, which themselves are given the rest.
    """

    text: Tensor | None
    pose: Tensor | None
    imu: Tensor
    from_pose: Tensor | None
    from_imu: Tensor | None
    more: Mapping[str, Tensor] | None = None


class Multi3Net(nn.Module):
    """Text, pose and IMU encoders, Pose2IMU decoder and IMU reconstructor, modules of further objectives.

    Parameters
    ----------
    config : ModelConfig
    samples : int
        Samples a window (T), of IMU and pose alike.
    placements : sequence of str
    sentence_width : int
        Of the sentence embeddings.
    objectives : Objectives
    """

    def __init__(
        self,
        config: ModelConfig,
        samples: int,
        placements: Sequence[str],
        sentence_width: int,
        objectives: Objectives | None = None,
    ) -> None:
        super().__init__()
        self.objectives = objectives or Objectives()
        wants, e = self.objectives, config.imu.embedding
        self.imu = ImuEncoders(config.imu, samples, placements)
        self.pose = PoseEncoder(config.pose, samples, e) if wants.pose else None
        self.text = TextEncoder(config.text, sentence_width, e) if wants.contrastive else None
        self.pose2imu = ImuDecoder(config.decoder, e, len(placements), samples) if wants.pose2imu else None
        self.reconstructor = (
            ImuReconstructor(config.decoder, e, len(placements), samples) if wants.reconstruction else None
        )
        shape = DataShape(samples, tuple(placements), 0)
        more = {name: build_objective(name, config, shape) for name in wants.more}
        self.more = nn.ModuleDict(more) if more else None

    def forward(self, batch: PretrainBatch) -> Joint:
        """Every embedding, window and loss the objectives ask for."""
        _, imu = self.imu(batch.imu, batch.imu_mask)
        pose = None if self.pose is None else self.pose(batch.pose, batch.pose_mask)
        joint = Joint(
            None if self.text is None else self.text(batch.text, batch.text_mask),
            pose,
            imu,
            None if self.pose2imu is None else self.pose2imu(pose),
            None if self.reconstructor is None else self.reconstructor(imu),
        )
        if self.more is None:
            return joint
        return joint._replace(more={name: scalar(name, one(joint, batch)) for name, one in self.more.items()})


def parameter_counts(model: nn.Module) -> dict[str, int]:
    """Numbers a model learns, by its immediate parts, and their ``total``.

    IMU encoders and further objectives are counted one by one (``imu.left_wrist``).
    """
    counts: dict[str, int] = {}
    for name, part in model.named_children():
        each = part.of if isinstance(part, ImuEncoders) else part
        inner = each.items() if isinstance(each, nn.ModuleDict) else [("", part)]
        for below, module in inner:
            counts[f"{name}.{below}" if below else name] = sum(p.numel() for p in module.parameters())
    return {**counts, "total": sum(p.numel() for p in model.parameters())}
