"""Points of many dimensions on a plane: PCA, t-SNE, UMAP; how far the picture can be trusted; nearest neighbours.

t-SNE and UMAP work in a child process: it can be stopped at any moment, leaves the window's
interpreter alone, and reports how far it is. Where there are more than :data:`MOST_LAID_OUT` points, a
sample is laid out and each of the others goes to the mean of its nearest ones of the sample.

Angles count, not lengths: :func:`unit` rows are compared, so that Euclidean and cosine order agree.
Nothing here imports torch.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import Cancelled, M3nError, UnknownName, ValueProblem

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Progress = Callable[[float], None]

METHODS = ("pca", "umap", "tsne")
TITLES = {"pca": "PCA", "umap": "UMAP", "tsne": "t-SNE"}
#: More points than these are not laid out one by one.
MOST_LAID_OUT = 10_000
#: Components kept before t-SNE and UMAP.
KEPT = 50
#: Points that trustworthiness is worked out with, at most.
JUDGED = 2000
_LOOK_S = 0.1
_BLOCK = 2048


def missing(method: str) -> str:
    """The package a method needs and that is not installed; empty where it can be used."""
    needs = {"pca": "numpy", "umap": "umap", "tsne": "sklearn"}
    names = {"umap": "umap-learn", "sklearn": "scikit-learn"}
    if method not in needs:
        raise UnknownName("projection", method, METHODS)
    there = importlib.util.find_spec(needs[method]) is not None
    return "" if there else names.get(needs[method], needs[method])


def laid_out(method: str, count: int) -> int:
    """How many of so many points a method lays out itself; the others are placed among them."""
    return count if method == "pca" else min(count, MOST_LAID_OUT)


def unit(points: NDArray[np.floating]) -> Singles:
    """Rows of length one; rows of zeros stay."""
    length = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.where(length > 0, length, 1.0), dtype=np.float32)


def pca(points: NDArray[np.floating], dimensions: int = 2) -> tuple[Singles, float]:
    """The directions in which points (N, E) spread most.

    Returns
    -------
    flat : (N, dimensions) float32
        Each axis turned so that its largest weight is positive; zeros where there are fewer directions.
    share : float
        Of the variance, 0 to 1.
    """
    count, width = points.shape
    out = np.zeros((count, dimensions), dtype=np.float32)
    if not count:
        return out, 0.0
    centred = np.asarray(points, dtype=np.float64) - points.mean(axis=0, dtype=np.float64)
    values, axes = np.linalg.eigh(centred.T @ centred)
    kept = min(dimensions, width)
    axes = axes[:, ::-1][:, :kept]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(kept)] < 0, -1.0, 1.0)
    out[:, :kept] = centred @ axes
    total = float(np.maximum(values, 0).sum())
    return out, float(np.maximum(values[::-1][:kept], 0).sum()) / total if total > 0 else 0.0


def nearest(points: Singles, row: int, count: int) -> tuple[Ints, Singles]:
    """Rows (k,) most alike to one row by cosine, itself left out, and how alike they are (k,).

    points : (N, E), :func:`unit` rows.
    """
    alike = points @ points[row]
    alike[row] = -np.inf
    count = min(count, len(points) - 1)
    if count < 1:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    found = np.argpartition(-alike, count - 1)[:count]
    found = found[np.lexsort((found, -alike[found]))]
    return found.astype(np.int64), alike[found].astype(np.float32)


# ---------------------------------------------------------------------- how far it can be trusted


@dataclass(frozen=True)
class Trust:
    """How true a picture is to the space: 1 is best, 0.5 about that of a random one.

    Attributes
    ----------
    trustworthiness : float
        Falls with points that are neighbours in the picture but not in the space.
    continuity : float
        Falls with neighbours of the space that the picture tears apart.
    neighbours, points : int
        How many neighbours were looked at, among how many points.
    """

    trustworthiness: float
    continuity: float
    neighbours: int
    points: int


def trust(points: Singles, flat: Singles, *, neighbours: int = 12, seed: int = 0) -> Trust | None:
    """Trustworthiness and continuity (Venna & Kaski, 2001), of a sample where there are many points.

    None where there are fewer than five points.
    """
    if len(points) > JUDGED:
        rows = np.sort(np.random.default_rng(seed).choice(len(points), JUDGED, replace=False))
        points, flat = points[rows], flat[rows]
    count = len(points)
    if count < 5:
        return None
    k = min(neighbours, (count - 1) // 2)
    space, picture = _ranks(points), _ranks(flat)
    norm = 2.0 / (count * k * (2.0 * count - 3.0 * k - 1.0))
    return Trust(1.0 - norm * _beyond(space, picture, k), 1.0 - norm * _beyond(picture, space, k), k, count)


def _ranks(points: Singles) -> NDArray[np.int32]:
    """Place of each point among the neighbours of each (N, N), 1 for the nearest, 0 for itself."""
    wide = np.asarray(points, dtype=np.float64)
    square = np.einsum("ij,ij->i", wide, wide)
    count = len(wide)
    out = np.empty((count, count), dtype=np.int32)
    places = np.arange(count, dtype=np.int32)
    for a in range(0, count, _BLOCK):
        rows = np.arange(a, min(a + _BLOCK, count))
        away = square[rows, None] + square[None] - 2.0 * wide[rows] @ wide.T
        away[np.arange(len(rows)), rows] = -np.inf
        order = np.argsort(away, axis=1, kind="stable")
        np.put_along_axis(out[rows[0] : rows[-1] + 1], order, places[None].repeat(len(rows), 0), axis=1)
    return out


def _beyond(there: NDArray[np.int32], here: NDArray[np.int32], k: int) -> float:
    """How far those among the k nearest here are beyond the k nearest there, summed."""
    wrong = (here >= 1) & (here <= k) & (there > k)
    return float((there[wrong].astype(np.int64) - k).sum())


# ---------------------------------------------------------------------- t-SNE and UMAP


def project(
    points: Singles,
    method: str,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Singles:
    """Points (N, E) on a plane (N, 2), by a child process unless by PCA.

    Raises
    ------
    Cancelled
        Within a tenth of a second of `cancelled` saying so; the child is gone by then.
    ValueProblem
        Where the package is missing, or there are too few points.
    M3nError
        Where the child fails; with its last words.
    """
    lacking = missing(method)
    if lacking:
        raise ValueProblem(f"{TITLES[method]} needs the package {lacking}; install it, or choose another projection")
    if method == "pca":
        return pca(points)[0]
    if len(points) < 8:
        raise ValueProblem(f"{TITLES[method]} needs at least 8 points; there are {len(points)}")
    reduced = pca(points, min(KEPT, points.shape[1]))[0]
    rows, few = np.arange(len(points)), laid_out(method, len(points))
    if few < len(points):
        rows = np.sort(np.random.default_rng(seed).choice(len(points), few, replace=False))
    last = 0.9 if len(rows) < len(points) else 1.0
    tell = progress or (lambda share: None)
    laid = _by_child(reduced[rows], method, seed, lambda share: tell(last * share), cancelled)
    if len(rows) == len(points):
        return laid
    return _placed(reduced, rows, laid, lambda share: tell(last + (1 - last) * share), cancelled)


def _placed(
    points: Singles, rows: NDArray[np.integer], laid: Singles, tell: Progress, cancelled: Callable[[], bool]
) -> Singles:
    """The others among the sample: the weighted mean of the three nearest that are laid out."""
    out = np.zeros((len(points), 2), dtype=np.float32)
    out[rows] = laid
    sample = points[rows]
    square = np.einsum("ij,ij->i", sample, sample)
    others = np.setdiff1d(np.arange(len(points)), rows)
    for a in range(0, len(others), _BLOCK):
        if cancelled():
            raise Cancelled("the projection was cancelled")
        part = points[others[a : a + _BLOCK]]
        away = square[None] - 2.0 * part @ sample.T + np.einsum("ij,ij->i", part, part)[:, None]
        three = np.argpartition(away, 2, axis=1)[:, :3]
        weight = 1.0 / np.maximum(np.take_along_axis(away, three, axis=1), 1e-9)
        weight /= weight.sum(axis=1, keepdims=True)
        out[others[a : a + _BLOCK]] = np.einsum("ij,ijk->ik", weight, laid[three])
        tell(min(a + _BLOCK, len(others)) / len(others))
    return out


def _by_child(points: Singles, method: str, seed: int, tell: Progress, cancelled: Callable[[], bool]) -> Singles:
    with tempfile.TemporaryDirectory(prefix="m3n-projection-") as folder:
        given, made = Path(folder) / "points.npy", Path(folder) / "flat.npy"
        np.save(given, points, allow_pickle=False)
        command = [sys.executable, "-u", "-m", __name__, method, str(seed), str(given), str(made)]
        with _running(command) as (child, lines):
            words: list[str] = []
            while True:
                if cancelled():
                    raise Cancelled("the projection was cancelled")
                try:
                    line = lines.get(timeout=_LOOK_S)
                except queue.Empty:
                    continue
                if line is None:
                    break
                share = _share(line, method)
                if share is None:
                    words = [*words[-5:], line.strip()]
                else:
                    tell(share)
            if child.wait() or not made.is_file():
                raise M3nError(f"{TITLES[method]} failed: {next((w for w in reversed(words) if w), 'no reason given')}")
        laid = np.load(made, allow_pickle=False)
    if laid.shape != (len(points), 2) or not np.isfinite(laid).all():
        raise M3nError(f"{TITLES[method]} gave no place for some points; try another projection")
    return np.asarray(laid, dtype=np.float32)


@contextmanager
def _running(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], queue.Queue[str | None]]]:
    """A child and its lines, None at its end; gone when the block is left."""
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH", "")) if p)
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", env={**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONPATH": paths},
    )  # fmt: skip
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        if child.stdout is not None:
            for line in child.stdout:
                lines.put(line)
        lines.put(None)

    reader = threading.Thread(target=read, name="projection", daemon=True)
    reader.start()
    try:
        yield child, lines
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        reader.join(timeout=5.0)
        if child.stdout is not None:
            child.stdout.close()


#: What a method has to do: t-SNE's iterations, UMAP's epochs. Both end there, whatever the points.
_ITERATIONS, _EPOCHS = 1000, 500
_NEIGHBOURS = 15
#: Lines of a child that say how far it is, and the stretch of the whole that they speak of.
_STEPS: dict[str, tuple[tuple[re.Pattern[str], float, float], ...]] = {
    "tsne": (
        (re.compile(r"\[t-SNE\] Computed conditional probabilities for sample (\d+) / (\d+)"), 0.0, 0.05),
        (re.compile(r"\[t-SNE\] Iteration (\d+):()"), 0.05, 1.0),
    ),
    "umap": (
        (re.compile(r"neighbours (\d+) / (\d+)"), 0.0, 0.2),
        (re.compile(r"epochs (\d+) / (\d+)"), 0.3, 1.0),
    ),
}  # fmt: skip


def _share(line: str, method: str) -> float | None:
    """How far a line of the child says it is; None where it says something else."""
    for pattern, start, end in _STEPS[method]:
        if found := pattern.search(line):
            return start + (end - start) * min(int(found[1]) / max(int(found[2] or _ITERATIONS), 1), 1.0)
    return None


def _all_nearest(points: Singles, count: int) -> tuple[Ints, Singles]:
    """Nearest rows (N, k) of each row, itself first, and how far they are (N, k); tells how far it is by lines."""
    square = np.einsum("ij,ij->i", points, points)
    rows, far = np.empty((len(points), count), dtype=np.int64), np.empty((len(points), count), dtype=np.float32)
    for a in range(0, len(points), _BLOCK):
        part = points[a : a + _BLOCK]
        away = np.maximum(square[None] - 2.0 * part @ points.T + square[a : a + _BLOCK, None], 0.0)
        away[np.arange(len(part)), a + np.arange(len(part))] = -1.0
        found = np.argpartition(away, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(away, found, axis=1), axis=1, kind="stable")
        rows[a : a + _BLOCK] = np.take_along_axis(found, order, axis=1)
        far[a : a + _BLOCK] = np.sqrt(np.maximum(np.take_along_axis(away, rows[a : a + _BLOCK], axis=1), 0.0))
        print(f"neighbours {min(a + _BLOCK, len(points))} / {len(points)}")
    return rows, far


def _lay_out(method: str, seed: int, given: str, made: str) -> None:
    """In the child: read points, write their places.

    UMAP is given exact neighbours, as its own search spends most of a minute compiling, and begins with PCA's
    picture, as the spectral one may not be found in any bounded time.
    """
    points = np.load(given, allow_pickle=False)
    start = points[:, :2] / max(float(points[:, 0].std()), 1e-9) * 1e-4
    if method == "umap":
        count = min(_NEIGHBOURS, len(points) - 1)
        model = importlib.import_module("umap").UMAP(
            n_neighbors=count, precomputed_knn=_all_nearest(points, count), init=start, n_epochs=_EPOCHS,
            random_state=seed, n_jobs=1, tqdm_kwds={"disable": False, "bar_format": "epochs {n_fmt} / {total_fmt}"},
        )  # fmt: skip
    else:
        from sklearn.manifold import TSNE

        model = TSNE(
            perplexity=min(30.0, (len(points) - 1) / 3), init=start, random_state=seed, n_jobs=1, verbose=2,
            max_iter=_ITERATIONS,
        )  # fmt: skip
    np.save(made, np.asarray(model.fit_transform(points), dtype=np.float32), allow_pickle=False)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)  # the window comes first
    _lay_out(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
