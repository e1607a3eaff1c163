"""Closeness in a model's space: the points are those that embedding gives."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.closeness_embed import EmbeddingSpace
from m3n_studio.learning.embed import embed_windows
from m3n_studio.learning.pretrain import open_pretrained
from tests.learning import runs


@pytest.fixture(scope="module")
def of(tmp_path_factory):
    return open_pretrained(runs.pretrained(tmp_path_factory.mktemp("runs") / "pre").path)


def test_points_are_the_embeddings_of_one_placement_of_unit_length(of):
    placement = of.placements[0]
    windows = runs.windows().only([placement])
    points = EmbeddingSpace(of, placement)(windows.imu[:, 0])
    theirs = embed_windows(of, windows).imu[:, of.placements.index(placement)]
    assert np.allclose(points, theirs / np.linalg.norm(theirs, axis=1, keepdims=True), atol=1e-5)
    assert np.allclose(np.linalg.norm(points, axis=1), 1.0)


def test_a_placement_that_was_not_pretrained_is_told(of):
    with pytest.raises(ValueProblem, match="not for head"):
        EmbeddingSpace(of, "head")
