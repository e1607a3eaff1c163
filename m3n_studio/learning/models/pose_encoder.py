"""The pose encoder: PoseFormer over SMPL's 22 body joints and MANO's 30 hand joints.

Each joint's rotation vector becomes a token of `joint_width` (body and hands have a linear layer
each; all 52 tokens attend to each other, so that hands see the body); a learned position, pre-norm
blocks between joints; the tokens of a frame side by side, a learned temporal position, blocks
between frames; a weighted mean over frames; LayerNorm and Linear to the embedding.

PoseFormer takes the mean with Conv1d(frames -> 1), whose weights need neither be positive nor sum
to one. Here they are the softmax of one learned number a frame over the frames that are there, so
that clips of any length up to the window mean the same and padding changes nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from m3n_studio.learning.model_config import PoseEncoderConfig
from m3n_studio.learning.models.layers import Block, something

BODY_JOINTS, HAND_JOINTS = 22, 30
JOINTS = BODY_JOINTS + HAND_JOINTS


class PoseEncoder(nn.Module):
    """Poses over time to one embedding.

    Parameters
    ----------
    config : PoseEncoderConfig
    frames : int
        Most frames (T of the window).
    embedding : int
    """

    def __init__(self, config: PoseEncoderConfig, frames: int, embedding: int) -> None:
        super().__init__()
        c, wide = config.joint_width, config.joint_width * JOINTS
        self.step = config.frame_step
        self.frames = -(-frames // self.step)
        self.body, self.hands = nn.Linear(3, c), nn.Linear(3, c)
        self.joint_position = nn.Parameter(torch.zeros(JOINTS, c))
        self.frame_position = nn.Parameter(torch.zeros(self.frames, wide))
        self.spatial = _blocks(c, config.spatial_blocks, config.spatial_heads, config)
        self.spatial_norm = nn.LayerNorm(c)
        self.temporal = _blocks(wide, config.temporal_blocks, config.temporal_heads, config)
        self.temporal_norm = nn.LayerNorm(wide)
        self.frame_weight = nn.Parameter(torch.zeros(self.frames))
        self.head = nn.Sequential(nn.LayerNorm(wide), nn.Linear(wide, embedding))
        nn.init.trunc_normal_(self.joint_position, std=0.02)
        nn.init.trunc_normal_(self.frame_position, std=0.02)

    def forward(self, pose: Tensor, mask: Tensor | None = None) -> Tensor:
        """Rotation vectors (B, T, 52, 3), rad, and mask (B, T), True for real frames, to (B, embedding)."""
        pose = pose[:, :: self.step]
        batch, frames = pose.shape[:2]
        everything = torch.ones(batch, frames, dtype=torch.bool, device=pose.device)
        mask = everything if mask is None else mask[:, :: self.step]
        pose = pose.masked_fill(~mask[..., None, None], 0.0)
        joints = torch.cat([self.body(pose[:, :, :BODY_JOINTS]), self.hands(pose[:, :, BODY_JOINTS:])], dim=2)
        x = (joints + self.joint_position).flatten(0, 1)  # (B * T, 52, c)
        for block in self.spatial:
            x = block(x)
        x = self.spatial_norm(x).reshape(batch, frames, -1) + self.frame_position[:frames]
        seen = something(mask)
        for block in self.temporal:
            x = block(x, seen)
        weight = self.frame_weight[:frames].expand(batch, frames).masked_fill(~seen, -torch.inf).softmax(dim=1)
        return self.head((self.temporal_norm(x) * weight[..., None]).sum(dim=1))


def _blocks(width: int, count: int, heads: int, config: PoseEncoderConfig) -> nn.ModuleList:
    """Blocks whose drop-path grows from 0 to the configured share."""
    shares = [config.drop_path * i / max(count - 1, 1) for i in range(count)]
    return nn.ModuleList(Block(width, heads, config.mlp_ratio, share) for share in shares)
