"""Motions for pretraining: every clip brought to one rate, with its words and its map from body to signal.

A clip is normalised as in the paper (stature 1.7 m, origin at the feet's centre), turned to face
forward, brought to the windows' rate, and its signal tensor is worked out once and kept in memory
as float32: 0.75 kB an output sample for two wrists and the shipped body, and 0.6 kB of pose. What
cannot be used is left out and said why. Nothing here imports torch.

Three more columns of the map are the lever arm's, ``[alpha]x + [omega]x [omega]x``: a sensor moved
by r (sensor frame, m) reads ``acc + K r``. alpha is a central difference at the output rate, which
keeps three quarters of it at 12 Hz; for shifts of centimetres that is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.files import default_body
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import LIMBS
from m3n_studio.errors import Cancelled, FileError, M3nError, ValueProblem
from m3n_studio.imu.settings import Settings as SimulationSettings
from m3n_studio.imu.simulate import resolve
from m3n_studio.imu.surface import Placement
from m3n_studio.imu.tensor import signal_tensor
from m3n_studio.learning.clip_texts import Said, in_words, said_of
from m3n_studio.learning.config import WindowSpec
from m3n_studio.learning.division import held_out, some_of
from m3n_studio.learning.text import Templates, read_templates
from m3n_studio.motion.clip import Clip, runs
from m3n_studio.motion.formats import motion_suffixes, read_clip
from m3n_studio.motion.normalise import mirror, normalise
from m3n_studio.motion.resample import resample

Singles = NDArray[np.float32]
Progress = Callable[[int, int, str], None]

BANDWIDTH_HZ = 12.0
_MOST_FILES = 1_000_000
LEVER = 3


@dataclass(frozen=True, eq=False)
class PretrainClip:
    """A clip as windows are drawn from it.

    Attributes
    ----------
    name : str
        The file's, and whether it is mirrored.
    group : int
        Clips of one file (its mirror image) share it; a division keeps them together.
    pose : (N, 52, 3) float32, rad
    acc_terms : (P, N, 3, W) float32
        Specific force, m/s2, per [1, shape vector, shift of the sensor (m), 1]: the last column is
        what no body changes.
    gyr_radps : (N, P, 3) float32
    valid : (N,) bool
    said : tuple of Said
    """

    name: str
    group: int
    pose: Singles
    acc_terms: Singles
    gyr_radps: Singles
    valid: NDArray[np.bool_]
    said: tuple[Said, ...]

    def __len__(self) -> int:
        return len(self.pose)

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        return self.pose.nbytes + self.acc_terms.nbytes + self.gyr_radps.nbytes

    def starts(self, samples: int) -> list[tuple[int, int]]:
        """Half-open ranges of samples at which a window may start."""
        return [(a, b - samples + 1) for a, b in runs(self.valid) if b - a >= samples]


@dataclass(frozen=True)
class Skipped:
    """A motion that is not used, and why."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class MotionSet:
    """Clips at one rate for the same placements on the same body.

    Attributes
    ----------
    clips : tuple of PretrainClip
    skipped : tuple of Skipped
    model : BodyModel
    placements : tuple of str
    rate_hz : float
    bandwidth_hz : float
        -3 dB of the low-pass of the synthetic signals.
    """

    clips: tuple[PretrainClip, ...]
    skipped: tuple[Skipped, ...]
    model: BodyModel
    placements: tuple[str, ...]
    rate_hz: float
    bandwidth_hz: float

    @property
    def seconds(self) -> float:
        """Of valid motion."""
        return float(sum(int(c.valid.sum()) for c in self.clips)) / self.rate_hz

    @property
    def bytes(self) -> int:
        """Memory the clips take."""
        return sum(c.bytes for c in self.clips)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Every sentence once, sorted."""
        return tuple(sorted({s for c in self.clips for said in c.said for s in said.sentences}))

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic once, sorted."""
        return tuple(sorted({said.topic for c in self.clips for said in c.said}))

    def only(self, clips: Sequence[PretrainClip]) -> MotionSet:
        """The set with some of its clips."""
        return replace(self, clips=tuple(clips))

    def shared(self, share: float, *, seed: int = 0) -> MotionSet:
        """A share of the files (at least one); a larger share with the same seed contains the smaller."""
        kept = some_of((c.group for c in self.clips), share, seed=seed)
        return self.only([c for c in self.clips if c.group in kept])

    def split(self, validation: float, *, seed: int = 0) -> tuple[MotionSet, MotionSet | None]:
        """(training, validation) by file, so that no window of the one overlaps the other's; None for a share of 0."""
        held = held_out((c.group for c in self.clips), validation, seed=seed)
        if not held:
            return self, None
        return (
            self.only([c for c in self.clips if c.group not in held]),
            self.only([c for c in self.clips if c.group in held]),
        )


def estimated_bytes(seconds: float, spec: WindowSpec, model: BodyModel | None = None) -> int:
    """Memory a set of so many seconds of motion takes, mirror images not counted."""
    width = 1 + (model or default_body()).n_betas + len(LIMBS) + LEVER + 1
    return int(seconds * spec.rate_hz * 4 * (52 * 3 + len(spec.placements) * 3 * (width + 1)))


def motion_files(folder: str | Path) -> list[Path]:
    """Files of motion anywhere below a folder, by suffix, sorted; or the one file named."""
    folder = Path(folder)
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise FileError(folder, found="no such folder", expected="a folder of motions")
    known = set(motion_suffixes())
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in known and p.is_file())
    if not found:
        raise FileError(folder, found="no motion", expected=f"files with {', '.join(sorted(known))}")
    if len(found) > _MOST_FILES:
        raise FileError(folder, found=f"{len(found)} files", expected=f"at most {_MOST_FILES}")
    return found


def load_motions(
    folders: str | Path | Sequence[str | Path],
    spec: WindowSpec,
    *,
    templates: Templates | None = None,
    mirrored: bool = False,
    bandwidth_hz: float = BANDWIDTH_HZ,
    model: BodyModel | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> MotionSet:
    """Read folders (or files) of motions of any known format.

    Parameters
    ----------
    folders : path or sequence of path
    spec : WindowSpec
        Rate, length and placements.
    templates : Templates
        The shipped ones where not given.
    mirrored : bool
        Take every clip a second time as its mirror image.
    bandwidth_hz : float
        -3 dB of the synthetic signals' low-pass; lowered where the rate asks for it.
    progress : callable of (files done, files, file)
    cancelled : callable returning bool
        Asked before every file; `Cancelled` where it says so.

    Raises
    ------
    FileError
        Where a folder has no motion.
    ValueProblem
        Where none of them can be used; it says why the first cannot.
    """
    each = [folders] if isinstance(folders, str | Path) else list(folders)
    files = [path for folder in each for path in motion_files(folder)]
    return _gathered(
        [(path.name, partial(read_clip, path)) for path in files], spec, templates or read_templates(), mirrored,
        bandwidth_hz, model or default_body(), progress, cancelled,
    )  # fmt: skip


def clips_to_set(
    clips: Sequence[Clip],
    spec: WindowSpec,
    *,
    templates: Templates | None = None,
    mirrored: bool = False,
    bandwidth_hz: float = BANDWIDTH_HZ,
    model: BodyModel | None = None,
) -> MotionSet:
    """The same from clips in memory."""
    named = [(Path(c.source.path).name or f"clip {i + 1}", partial(_itself, c)) for i, c in enumerate(clips)]
    return _gathered(named, spec, templates or read_templates(), mirrored, bandwidth_hz, model or default_body(), None,
                     lambda: False)  # fmt: skip


def _itself(clip: Clip) -> Clip:
    return clip


def _gathered(
    named: Sequence[tuple[str, Callable[[], Clip]]], spec: WindowSpec, templates: Templates, mirrored: bool,
    bandwidth_hz: float, model: BodyModel, progress: Progress | None, cancelled: Callable[[], bool],
) -> MotionSet:  # fmt: skip
    places = resolve(model, spec.placements)
    clips: list[PretrainClip] = []
    skipped: list[Skipped] = []
    for index, (name, read) in enumerate(named):
        if cancelled():
            raise Cancelled("reading motions was cancelled")
        try:
            clip = in_words(read())
            variants = [(name, clip), (f"{name} (mirrored)", mirror(clip))] if mirrored else [(name, clip)]
            for title, variant in variants:
                clips.append(_prepared(title, index, variant, spec, templates, model, places, bandwidth_hz))
        except (M3nError, _NotUsable) as problem:
            skipped.append(Skipped(name, str(problem)))
        if progress:
            progress(index + 1, len(named), name)
    if not clips:
        why = f"; {skipped[0].name}: {skipped[0].reason}" if skipped else ""
        raise ValueProblem(f"none of {len(named)} motions can be used{why}")
    return MotionSet(tuple(clips), tuple(skipped), model, spec.placements, spec.rate_hz, bandwidth_hz)


class _NotUsable(Exception):
    """Why a clip is left out."""


def _prepared(
    name: str, group: int, clip: Clip, spec: WindowSpec, templates: Templates, model: BodyModel,
    places: Sequence[Placement], bandwidth_hz: float,
) -> PretrainClip:  # fmt: skip
    if clip.duration_s * spec.rate_hz + 1 < spec.samples:
        raise _NotUsable(f"{clip.duration_s:.2f} s is shorter than a window of {spec.length_s:g} s")
    said = said_of(clip, templates)
    if not said:
        raise _NotUsable("nothing is said of it: no text in it, and its name says nothing")
    clip = normalise(clip, model, forward=True)
    settings = SimulationSettings(rate_hz=spec.rate_hz, bandwidth_hz=bandwidth_hz)
    tensor = signal_tensor(model, clip, places, settings)
    even = resample(clip, spec.rate_hz)
    n = min(len(tensor.time_s), len(even))
    valid = tensor.valid[:n] & even.valid[:n]
    gyr = np.ascontiguousarray(tensor.gyr_radps[:, :n].transpose(1, 0, 2), dtype=np.float32)
    width = tensor.acc_linear.shape[3]
    terms = np.empty((len(places), n, 3, width + LEVER + 1), dtype=np.float32)
    terms[..., :width] = tensor.acc_linear[:, :n]
    terms[..., width : width + LEVER] = _lever(gyr, valid, spec.rate_hz).transpose(1, 0, 2, 3)
    terms[..., -1] = tensor.acc_constant[:, :n]
    if not np.isfinite(terms[:, valid]).all() or not np.isfinite(gyr[valid]).all():
        raise _NotUsable("its signals are not finite")
    made = PretrainClip(name, group, even.poses[:n].astype(np.float32), terms, gyr, valid, said)
    if not made.starts(spec.samples):
        raise _NotUsable(f"no stretch without a gap lasts {spec.length_s:g} s")
    return made


def _lever(gyr: Singles, valid: NDArray[np.bool_], rate_hz: float) -> Singles:
    """``[alpha]x + [omega]x [omega]x`` (N, P, 3, 3) of angular velocities (N, P, 3), per run of valid samples."""
    alpha = np.zeros_like(gyr)
    for a, b in runs(valid):
        if b - a > 1:
            alpha[a:b] = np.gradient(gyr[a:b], 1.0 / rate_hz, axis=0)
    turn = _cross(gyr)
    return np.asarray(_cross(alpha) + turn @ turn, dtype=np.float32)


def _cross(v: Singles) -> Singles:
    """Matrices (..., 3, 3) with ``M r = v x r``."""
    out = np.zeros((*v.shape, 3), dtype=np.float32)
    x, y, z = v[..., 0], v[..., 1], v[..., 2]
    out[..., 0, 1], out[..., 0, 2], out[..., 1, 2] = -z, y, -x
    out[..., 1, 0], out[..., 2, 0], out[..., 2, 1] = z, -y, x
    return out
