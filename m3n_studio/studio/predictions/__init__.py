"""What models say of a recording over time, which expert said it, and what of it should become a label."""
