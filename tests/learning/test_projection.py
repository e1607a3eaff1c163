"""Points on a plane: PCA, trustworthiness and neighbours against their oracles; children that are stopped and gone."""

import importlib.util
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.errors import Cancelled, M3nError, ValueProblem
from m3n_studio.learning import projection


def heaps(count=120, width=12, seed=0, among=4):
    """Points in a few heaps, and which heap each is in."""
    rng = np.random.default_rng(seed)
    which = rng.integers(0, among, count)
    return projection.unit(3 * rng.normal(size=(among, width))[which] + rng.normal(size=(count, width))), which


@given(st.integers(3, 60), st.integers(2, 20), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_pca_is_what_svd_gives_up_to_sign(count, width, seed):
    points = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32) * np.linspace(1, 3, width)
    flat, share = projection.pca(points)
    centred = points - points.mean(axis=0)
    left, values, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    wanted = left[:, :2] * values[:2]
    for axis in range(wanted.shape[1]):
        sign = np.sign(flat[:, axis] @ wanted[:, axis])
        assert np.allclose(flat[:, axis] * sign, wanted[:, axis], atol=1e-3 * values[0])
    assert share == pytest.approx((values[:2] ** 2).sum() / (values**2).sum(), abs=1e-5)


def test_pca_of_nothing_of_one_and_of_a_line():
    assert projection.pca(np.zeros((0, 5), dtype=np.float32))[0].shape == (0, 2)
    flat, share = projection.pca(np.ones((1, 5), dtype=np.float32))
    assert flat.shape == (1, 2)
    assert share == 0.0
    assert projection.pca(np.arange(6, dtype=np.float32)[:, None])[0].shape == (6, 2)


@pytest.mark.parametrize("seed", range(4))
def test_trustworthiness_and_continuity_equal_those_of_scikit_learn(seed):
    manifold = pytest.importorskip("sklearn.manifold")
    points, _ = heaps(150, seed=seed)
    rng = np.random.default_rng(seed)
    for flat in (projection.pca(points)[0], rng.normal(size=(150, 2)).astype(np.float32)):
        for k in (5, 12):
            found = projection.trust(points, flat, neighbours=k)
            assert found.points == 150
            assert found.trustworthiness == pytest.approx(
                manifold.trustworthiness(points, flat, n_neighbors=k), abs=2e-4
            )
            assert found.continuity == pytest.approx(manifold.trustworthiness(flat, points, n_neighbors=k), abs=2e-4)


def test_many_points_are_judged_by_a_sample(monkeypatch):
    monkeypatch.setattr(projection, "JUDGED", 80)
    points, _ = heaps(300)
    found = projection.trust(points, projection.pca(points)[0])
    assert found.points == 80
    assert projection.trust(points[:4], projection.pca(points[:4])[0]) is None


@given(st.integers(1, 80), st.integers(0, 30), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_neighbours_equal_those_found_one_by_one(count, wanted, seed):
    rng = np.random.default_rng(seed)
    points = projection.unit(rng.normal(size=(count, 6)))
    row = int(rng.integers(count))
    found, alike = projection.nearest(points, row, wanted)
    each = sorted((-float(points[i] @ points[row]), i) for i in range(count) if i != row)[:wanted]
    assert len(found) == len(each)
    assert np.allclose(alike, [-a for a, _ in each], atol=1e-6)
    assert row not in found
    assert np.all(np.diff(alike) <= 1e-7)


@pytest.mark.parametrize(("method", "package"), [("tsne", "sklearn"), ("umap", "umap")])
def test_heaps_are_kept_together_and_it_is_told_how_far_it_is(method, package):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    points, which = heaps(160)
    told = []
    flat = projection.project(points, method, progress=told.append)
    assert flat.shape == (160, 2)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 3
    own = np.array([flat[which == w].mean(axis=0) for w in range(4)])
    nearest = np.linalg.norm(flat[:, None] - own[None], axis=2).argmin(axis=1)
    assert (nearest == which).mean() > 0.9
    assert (
        projection.trust(points, flat).trustworthiness
        > projection.trust(points, projection.pca(points)[0]).trustworthiness - 0.02
    )


def test_a_child_finds_the_true_neighbours_of_every_point(monkeypatch, capsys):
    monkeypatch.setattr(projection, "_BLOCK", 50)
    points, _ = heaps(120)
    points[7] = points[3]
    rows, far = projection._all_nearest(points, 6)
    away = np.linalg.norm(points[:, None].astype(np.float64) - points[None], axis=2)
    assert rows[:, 0].tolist() == list(range(120))
    assert np.allclose(far, np.sort(away, axis=1)[:, :6], atol=1e-3)
    assert [projection._share(line, "umap") for line in capsys.readouterr().out.splitlines()] == pytest.approx(
        [0.2 * 50 / 120, 0.2 * 100 / 120, 0.2]
    )


def test_umap_is_stopped_at_once_and_its_child_is_gone():
    if importlib.util.find_spec("umap") is None:
        pytest.skip("umap-learn is not installed")
    points, _ = heaps(3000, 20)
    asked = []
    with pytest.raises(Cancelled):
        projection.project(points, "umap", cancelled=lambda: asked.append(1) or len(asked) == 12)
    assert len(asked) == 12
    if os.path.isdir("/proc"):
        assert not _children()


def test_what_is_not_laid_out_goes_to_its_like(monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(projection, "MOST_LAID_OUT", 90)
    points, which = heaps(240)
    flat = projection.project(points, "tsne")
    own = np.array([flat[which == w].mean(axis=0) for w in range(4)])
    assert (np.linalg.norm(flat[:, None] - own[None], axis=2).argmin(axis=1) == which).mean() > 0.9


def test_a_projection_is_stopped_at_once_and_its_child_is_gone():
    pytest.importorskip("sklearn")
    points, _ = heaps(3000, 20)
    asked = []
    with pytest.raises(Cancelled):
        projection.project(points, "tsne", cancelled=lambda: asked.append(1) or len(asked) == 3)
    assert len(asked) == 3
    if os.path.isdir("/proc"):
        assert not _children()


def _children():
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file, open(f"/proc/{name}/cmdline") as words:
                    if int(file.read().rsplit(")", 1)[1].split()[1]) == os.getpid() and "projection" in words.read():
                        found.append(name)
            except OSError:
                continue
    return found


def test_what_is_missing_or_too_little_is_said(monkeypatch):
    points, _ = heaps(20)
    with pytest.raises(ValueProblem, match="at least 8"):
        projection.project(points[:5], "tsne")
    monkeypatch.setattr(projection.importlib.util, "find_spec", lambda name: None)
    assert projection.missing("umap") == "umap-learn"
    with pytest.raises(ValueProblem, match="umap-learn"):
        projection.project(points, "umap")


def test_a_child_that_fails_is_told_of(monkeypatch, tmp_path):
    points, _ = heaps(20)
    bad = tmp_path / "python"
    bad.write_text("#!/bin/sh\necho it went wrong\nexit 3\n")
    bad.chmod(0o755)
    monkeypatch.setattr(projection.sys, "executable", str(bad))
    with pytest.raises(M3nError, match="t-SNE failed: it went wrong"):
        projection.project(points, "tsne")
