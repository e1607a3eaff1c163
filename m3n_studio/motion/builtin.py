"""The motion readers that ship with the program, registered as any plugin's are.

A row names its functions by import path, so opening the door imports no reader.
"""

from __future__ import annotations

from m3n_studio.motion.formats import MotionReader
from m3n_studio.plugins import Door

READERS: tuple[MotionReader, ...] = (
    MotionReader(
        name="bvh", title="Biovision hierarchy (.bvh)", suffixes=(".bvh",),
        sniff="m3n_studio.motion.skeletons.bvh:sniff", read="m3n_studio.motion.skeletons.bvh:read",
    ),
    MotionReader(
        name="asf_amc", title="Acclaim skeleton and motion (.asf beside .amc)", suffixes=(".amc", ".asf"),
        sniff="m3n_studio.motion.skeletons.asf_amc:sniff", read="m3n_studio.motion.skeletons.asf_amc:read",
    ),
    MotionReader(
        name="m3n-clip", title="m3n Studio clip (.npz)", suffixes=(".npz",),
        sniff="m3n_studio.motion.native:sniff", read="m3n_studio.motion.native:read",
    ),
    MotionReader(
        name="amass", title="AMASS or GRAB motion capture (.npz)", suffixes=(".npz",),
        sniff="m3n_studio.motion.parametric.amass:sniff", read="m3n_studio.motion.parametric.amass:read",
    ),
    MotionReader(
        name="positions", title="22 joint positions, HumanML3D and text-to-motion (.npy)", suffixes=(".npy",),
        sniff="m3n_studio.motion.parametric.positions:sniff", read="m3n_studio.motion.parametric.positions:read",
    ),
    MotionReader(
        name="estimates", title="SMPL poses estimated from video: ROMP, GLAMR, WHAM, 4D-Humans, AIST++",
        suffixes=(".pkl", ".npz", ".npy"),
        sniff="m3n_studio.motion.parametric.estimates:sniff", read="m3n_studio.motion.parametric.estimates:read",
    ),
    MotionReader(
        name="segments", title="Orientations of 16 body segments, qmt full-body example (.mat)", suffixes=(".mat",),
        sniff="m3n_studio.motion.segments:sniff", read="m3n_studio.motion.segments:read",
    ),
)  # fmt: skip


def register(door: Door) -> None:
    """Contribute every reader of :data:`READERS`."""
    for reader in READERS:
        door.add("motion_reader", reader.name, reader)
