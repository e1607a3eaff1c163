"""Real recordings beside the checkout; tests that use them skip with a reason where absent."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("M3N_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def data_dir(name: str) -> Path:
    """The folder of one data set, or skip."""
    path = ROOT / name
    if not path.is_dir():
        pytest.skip(f"{path} is absent: real recordings are not shipped")
    return path
