"""What importing costs: no Qt, no torch, no SciPy until something needs them."""

import json
import subprocess
import sys

import pytest


def loaded_by(code: str) -> set[str]:
    """Top-level packages and submodules in ``sys.modules`` after running `code` in a new process."""
    script = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import m3n_studio",
        "import m3n_studio.body.files, m3n_studio.motion.formats, m3n_studio.recordings.formats",
        "import m3n_studio.cli, m3n_studio.workbench",
        "from m3n_studio.plugins import the_door; assert not the_door().failures",
    ],
)
def test_importing_the_core_brings_neither_qt_nor_torch_nor_slow_scipy(code):
    modules = loaded_by(code)
    heavy = {"PySide6", "torch", "smplx", "vispy", "pyqtgraph", "scipy.signal", "scipy.spatial", "scipy.optimize"}
    assert modules & heavy == set()
