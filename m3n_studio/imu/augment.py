"""A thousand bodies from one clip: sampled shapes, their accelerations, one HDF5 file.

The gyroscope does not depend on shape and is stored once. The file is written in batches of
bodies to a temporary file beside the target, flushed to disk and renamed, so the target is
either whole or not there; a cancelled run leaves nothing. Cost: the tensor once, then little
more than writing the bytes (``benchmarks/simulate.py``).

Layout: ``acc_mps2`` (K, P, N, 3) float32, ``gyr_radps`` (P, N, 3) float32, ``time_s`` (N,),
``valid`` (N,), ``placements`` (P,) JSON, ``shapes/vectors`` (K, S), ``shapes/scales`` (K,),
``shapes/names`` (S,), ``shapes/lengths_m`` (K, L), ``shapes/length_names`` (L,). Attributes say
units, versions, the clip's source, settings and seed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio import __version__
from m3n_studio.atomic import atomic
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import LIMBS, Shape, shape_space
from m3n_studio.errors import Cancelled, FileError, ValueProblem
from m3n_studio.imu.placement import Placement, placement_to_dict
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import check_seed, resolve
from m3n_studio.imu.tensor import SignalTensor, signal_tensor
from m3n_studio.motion.clip import Clip

Array = NDArray[np.float64]
FORMAT = "m3n-studio augmented bodies"
FORMAT_VERSION = 1
_BATCH_BYTES = 2 << 20
_MOST_BODIES = 10_000_000
_LENGTHS = {
    "upper_arm": ("left_shoulder", "left_elbow"),
    "forearm": ("left_elbow", "left_wrist"),
    "thigh": ("left_hip", "left_knee"),
    "shank": ("left_knee", "left_ankle"),
}


@dataclass(frozen=True)
class Augmented:
    """What was written: path, number of bodies, output samples per sensor, bytes of the file."""

    path: Path
    bodies: int
    samples: int
    bytes: int


def sample_vectors(
    model: BodyModel, n: int, seed: int = 0, *, betas_std: float = 1.0, limbs_std: float = 0.03, limit: float = 2.5
) -> Array:
    """Shape vectors (n, S): normal betas and limb scales, cut off at `limit` standard deviations.

    Betas of the family are scaled to unit variance over people, so their standard deviation is
    1; segment lengths of people of one stature differ by about 3 %. The first m of n vectors
    are those of n = m with the same seed.
    """
    from scipy.special import ndtr, ndtri

    check_seed(seed)
    if not 1 <= n <= _MOST_BODIES:
        raise ValueProblem(f"the number of bodies must be from 1 to {_MOST_BODIES}; found {n}")
    if betas_std < 0 or limbs_std < 0 or not limit > 0 or limbs_std * limit >= 0.5:
        raise ValueProblem(
            "standard deviations must not be negative, the limit positive, and limbs must keep over half their"
            f" length; found betas_std {betas_std}, limbs_std {limbs_std}, limit {limit}"
        )
    uniform = np.random.default_rng(seed).random((n, model.n_betas + len(LIMBS)))
    tail = ndtr(-limit)
    spread = np.repeat([betas_std, limbs_std], [model.n_betas, len(LIMBS)])
    return np.asarray(ndtri(tail + uniform * (1.0 - 2.0 * tail)) * spread)


def sample_shapes(
    model: BodyModel, n: int, seed: int = 0, *, betas_std: float = 1.0, limbs_std: float = 0.03, limit: float = 2.5
) -> tuple[Shape, ...]:
    """The shapes of :func:`sample_vectors`."""
    vectors = sample_vectors(model, n, seed, betas_std=betas_std, limbs_std=limbs_std, limit=limit)
    return tuple(Shape.from_vector(model, v) for v in vectors)


def lengths(model: BodyModel, vectors: Array) -> tuple[tuple[str, ...], Array]:
    """Stature and left segment lengths (K, L), m, of shape vectors (K, S), with their names.

    Stature is the height of the rest mesh; the lengths are between joints. All affine but for
    the norm, so a thousand bodies take milliseconds.
    """
    space = shape_space(model)
    index = {name: i for i, name in enumerate(model.joint_names)}
    y = model.vertices[:, 1]
    columns = []
    for keep, sign in ((y > y.max() - 0.1, 1.0), (y < y.min() + 0.1, -1.0)):
        heights = sign * (y[keep, None] + space.vertex_dirs[keep, 1] @ vectors.T)  # (v, K)
        columns.append(heights.max(axis=0))
    out = [columns[0] + columns[1]]
    for start, end in _LENGTHS.values():
        a, b = index[start], index[end]
        bone = model.joints[b] - model.joints[a] + vectors @ (space.joint_dirs[b] - space.joint_dirs[a]).T
        out.append(np.linalg.norm(bone, axis=1))
    return ("stature", *_LENGTHS), np.column_stack(out)


def augment(
    model: BodyModel,
    clip: Clip,
    placements: Sequence[Placement | str],
    out_path: str | Path,
    *,
    bodies: int | Array = 1000,
    seed: int = 0,
    settings: Settings | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Augmented:
    """Write what sensors on many bodies read to one HDF5 file.

    Parameters
    ----------
    bodies : int or (K, S) array
        How many to sample, or the shape vectors themselves.
    progress : callable, optional
        Told (bodies done, bodies in all) after each batch.
    cancelled : callable, optional
        Asked before each batch; True stops.

    Raises
    ------
    Cancelled
        Nothing is left behind.
    FileError
        Where the file cannot be written.
    """
    settings = Settings() if settings is None else settings
    vectors = sample_vectors(model, bodies, seed) if isinstance(bodies, int) else np.asarray(bodies, dtype=np.float64)
    places = resolve(model, placements)
    tensor = signal_tensor(model, clip, places, settings)
    about = _about(model, clip, places, settings, seed)
    path = Path(out_path)
    try:
        with atomic(path) as part:
            _write(part, model, tensor, vectors, about, progress, cancelled)
    except OSError as error:
        raise FileError(path, found=f"it cannot be written ({error})", expected="room on a writable disk") from error
    return Augmented(path, len(vectors), len(tensor.time_s), path.stat().st_size)


def _about(
    model: BodyModel, clip: Clip, placements: Sequence[Placement], settings: Settings, seed: int
) -> dict[str, Any]:  # fmt: skip
    """The attributes of the file."""
    return {
        "format": FORMAT, "format_version": FORMAT_VERSION, "m3n_studio_version": __version__,
        "body": model.name, "clip_path": clip.source.path, "clip_format": clip.source.format,
        "clip_rate_hz": clip.rate_hz, "clip_texts": json.dumps([asdict(t) for t in clip.texts]),
        "placements": json.dumps([placement_to_dict(p) for p in placements]),
        "settings": json.dumps(asdict(settings)), "seed": seed,
        "frame": "sensor; an accelerometer at rest reads +g up",
    }  # fmt: skip


def _write(
    path: Path, model: BodyModel, tensor: SignalTensor, vectors: Array, about: dict[str, Any],
    progress: Callable[[int, int], None] | None, cancelled: Callable[[], bool] | None,
) -> None:  # fmt: skip
    import h5py

    k, (p, n) = len(vectors), tensor.gyr_radps.shape[:2]
    batch = max(1, min(k, _BATCH_BYTES // max(1, p * n * 12)))
    buffer = np.empty((batch, p, n, 3), dtype=np.float32)
    names, values = lengths(model, vectors)
    tables = {
        "time_s": (tensor.time_s, "s"), "valid": (tensor.valid, ""),
        "gyr_radps": (tensor.gyr_radps.astype(np.float32), "rad/s"),
        "shapes/vectors": (vectors, "1"), "shapes/scales": (np.ones(k), "1"), "shapes/lengths_m": (values, "m"),
    }  # fmt: skip
    with h5py.File(path, "w") as file:
        file.attrs.update(about)
        for name, (array, unit) in tables.items():
            file.create_dataset(name, data=array).attrs["unit"] = unit
        text = h5py.string_dtype()
        file.create_dataset("placements", data=list(tensor.names), dtype=text)
        file.create_dataset("shapes/names", data=list(shape_space(model).names), dtype=text)
        file.create_dataset("shapes/length_names", data=list(names), dtype=text)
        acc = file.create_dataset("acc_mps2", shape=(k, p, n, 3), dtype=np.float32)
        acc.attrs["unit"] = "m/s2"
        for start in range(0, k, batch):
            if cancelled is not None and cancelled():
                raise Cancelled(f"stopped after {start} of {k} bodies; nothing was kept")
            stop = min(start + batch, k)
            acc[start:stop] = tensor.acc_many(vectors[start:stop], out=buffer[: stop - start])
            if progress is not None:
                progress(stop, k)


def summarise(path: str | Path) -> tuple[str, ...]:
    """What a file of augmented bodies holds, line by line; FileError if it is none."""
    import h5py

    path = Path(path)
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise FileError(path, found="no augmented bodies", expected="a file written by `m3n-studio augment`")
            k, p, n = file["acc_mps2"].shape[:3]
            time_s, lengths_m = file["time_s"][:], file["shapes/lengths_m"][:, 0]
            about = {name: file.attrs[name] for name in ("body", "clip_path", "seed", "placements")}
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise FileError(path, found=f"not an intact HDF5 file of augmented bodies ({error})") from error
    places = ", ".join(item["name"] for item in json.loads(about["placements"]))
    rate_hz = (n - 1) / max(time_s[-1] - time_s[0], 1e-9)
    return (
        f"bodies      {k} of {about['body']}, seed {about['seed']}; stature {lengths_m.mean():.3f} m"
        f" ± {lengths_m.std():.3f} m",
        f"sensors     {p}: {places}",
        f"samples     {n} at {rate_hz:.6g} Hz; acceleration per body, angular velocity once",
        f"motion      {about['clip_path'] or '(unnamed)'}",
    )
