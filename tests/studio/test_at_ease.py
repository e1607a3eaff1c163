"""Libraries that come in without holding the window up: same modules, same answers, nothing imported early."""

import subprocess
import sys

import numpy as np
import pytest

from m3n_studio.studio.core import at_ease
from m3n_studio.studio.embedding.embedding_table import coded

CHILD = """
import sys
import PySide6.QtCore
from m3n_studio.studio.core.at_ease import Mapper, keep_window_alive, map_libraries
feature = sys.modules["shibokensupport.feature"]
thorough = feature._mod_uses_pyside
keep_window_alive()
keep_window_alive()
assert sum(isinstance(f, Mapper) for f in sys.meta_path) == 1
assert sys.getswitchinterval() <= 0.0011
assert "torch" not in sys.modules
import argparse, json, math, tests.studio.conftest
for module in (argparse, json, math, sys, sys.modules["tests.studio.conftest"], sys.modules["__main__"]):
    assert feature._mod_uses_pyside(module) == thorough(module), module
import m3n_studio.studio.core.jobs as jobs
assert feature._mod_uses_pyside(jobs) and thorough(jobs)
mapped = open("/proc/self/maps").read() if sys.platform == "linux" else ""
assert "libtorch" not in mapped
import torch
assert float(torch.ones(3).sum()) == 3.0
assert torch.__file__.endswith("__init__.py")
print("good")
"""


def test_a_process_that_keeps_its_window_alive_imports_the_same():
    pytest.importorskip("torch")
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "good", done.stderr


def test_libraries_that_are_not_there_are_no_error(monkeypatch):
    monkeypatch.setitem(at_ease.LIBRARIES, "json", (("libnothing", False),))
    monkeypatch.setitem(at_ease.LIBRARIES, "no_such_package", (("libnothing", True),))
    assert at_ease.map_libraries("json") == 0
    assert at_ease.map_libraries("no_such_package") == 0
    assert at_ease.Mapper().find_spec("json") is None


@pytest.mark.parametrize("seed", range(5))
def test_words_are_coded_as_numpy_does(seed):
    rng = np.random.default_rng(seed)
    words = np.array(["", "b", "a", "walking", "a"])[rng.integers(0, 5, 40 * seed)].astype(str)
    for given in (words, np.sort(words)):
        names, code = coded(given)
        wanted, inverse = np.unique(given, return_inverse=True)
        np.testing.assert_array_equal(names, wanted)
        np.testing.assert_array_equal(code, inverse)
