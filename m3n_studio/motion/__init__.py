"""Clips: SMPL poses over time with text; readers, resampling, retargeting, inverse kinematics."""
