"""Skeleton files (BVH, ASF/AMC): parse, find out unit, axes and joints, and retarget onto a body."""
