"""The SMPL family: rest shape, skeleton, skinning, shape space, measurements (NumPy only)."""
