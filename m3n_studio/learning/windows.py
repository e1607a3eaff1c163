"""From recordings to windows: one rate, equal lengths, a label each, several placements with a mask.

Every stretch of a signal between two gaps is brought to the common rate by itself (low-passed
first where that rate is the lower), so that no window and no filter reaches across a gap. All
placements of a recording share one grid of times. A window takes the label that covers most of
it, where that is at least the purity asked for; time without a label counts as no class.

Nothing here imports torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from m3n_studio.annotation.model import Annotation, Tier
from m3n_studio.errors import ValueProblem
from m3n_studio.learning.config import LearningConfig, WindowSpec
from m3n_studio.learning.intervals import covered, merged, overlaps
from m3n_studio.recordings.signal import Signal

__all__ = ["LabelSpan", "LabelledRecording", "WindowSpec", "Windows", "cut", "cut_to_learn", "label_spans"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

UNLABELLED = -1
NULL = "null"
CHANNELS = ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")


class LabelSpan(NamedTuple):
    """A label from `start_s` up to, but not including, `end_s`, in the recording's own seconds."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True, eq=False)
class LabelledRecording:
    """What one person wore for one stretch of time, and what they did.

    Attributes
    ----------
    name : str
        Of the recording; unique in a set.
    subject : str
        Who; folds are made by it.
    signals : mapping of str to Signal
        By placement, on one clock.
    labels : tuple of LabelSpan
        May overlap and may leave time out.
    spans : tuple of (float, float), s
        Where windows may lie; empty for everywhere.
    """

    name: str
    subject: str
    signals: Mapping[str, Signal]
    labels: tuple[LabelSpan, ...] = ()
    spans: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if not self.subject:
            raise ValueProblem(f"recording {self.name!r}: it needs a subject; folds are made by user")
        for start, end, label in self.labels:
            if not start <= end:
                raise ValueProblem(f"recording {self.name!r}: label {label!r} ends before it starts")


def label_spans(annotations: Iterable[Annotation], tier: Tier, offset_s: float = 0.0) -> tuple[LabelSpan, ...]:
    """The annotations of one tier as spans, moved by `offset_s` onto the recording's clock."""
    names = {c.id: c.name for c in tier.classes}
    return tuple(
        LabelSpan(a.start_s + offset_s, a.end_s + offset_s, names.get(a.label, a.label))
        for a in annotations
        if a.tier == tier.id
    )


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of every recording of a set.

    Attributes
    ----------
    imu : (N, P, 6, T) float32, m/s2 and rad/s
        Accelerometer x y z, gyroscope x y z in each sensor's frame; 0 where masked.
    mask : (N, P) bool
        Whether a placement has a signal throughout the window; at least one of a row does.
    label : (N,) int64
        Index into `classes`; -1 without a label.
    purity : (N,) float32
        Share of the window its label covers (0 without a label).
    subject, recording : (N,) str
    start_s : (N,) float64, s
        In the recording's own time.
    classes, placements : tuple of str
    rate_hz : float
    """

    imu: Singles
    mask: Mask
    label: Ints
    purity: Singles
    subject: NDArray[np.str_]
    recording: NDArray[np.str_]
    start_s: Floats
    classes: tuple[str, ...]
    placements: tuple[str, ...]
    rate_hz: float

    def __len__(self) -> int:
        return len(self.imu)

    @property
    def samples(self) -> int:
        """Samples a window (T)."""
        return int(self.imu.shape[-1])

    @property
    def subjects(self) -> tuple[str, ...]:
        """Everybody, sorted."""
        return tuple(str(s) for s in np.unique(self.subject))

    def counts(self, of: Ints | None = None) -> Ints:
        """Labelled windows of every class (C,), of all or of the windows at some indices."""
        label = self.label if of is None else self.label[of]
        return np.bincount(label[label >= 0], minlength=len(self.classes)).astype(np.int64)

    def take(self, indices: Ints) -> Windows:
        """Some of the windows, in the order given."""
        rows = ("imu", "mask", "label", "purity", "subject", "recording", "start_s")
        return replace(self, **{name: getattr(self, name)[indices] for name in rows})

    def only(self, placements: Sequence[str]) -> Windows:
        """Some of the placements; windows left with none of them are dropped."""
        unknown = [p for p in placements if p not in self.placements]
        if unknown:
            raise ValueProblem(f"windows have no placement {unknown[0]!r}; there are {', '.join(self.placements)}")
        at = [self.placements.index(p) for p in placements]
        kept = replace(self, imu=self.imu[:, at], mask=self.mask[:, at], placements=tuple(placements))
        return kept.take(np.flatnonzero(kept.mask.any(axis=1)))

    def fingerprint(self) -> str:
        """A digest of samples, labels and people: the same for the same data, whatever machine."""
        digest = hashlib.sha256(repr((self.classes, self.placements, self.rate_hz, self.imu.shape)).encode())
        for array in (self.imu, self.mask, self.label, self.start_s):
            digest.update(np.ascontiguousarray(array).tobytes())
        for names in (self.subject, self.recording):
            digest.update("\0".join(names).encode())
        return digest.hexdigest()


def cut(
    recordings: Sequence[LabelledRecording],
    spec: WindowSpec,
    *,
    classes: Sequence[str] = (),
    unlabelled: bool = False,
) -> Windows:
    """Cut recordings into windows.

    Parameters
    ----------
    recordings : sequence of LabelledRecording
    spec : WindowSpec
        Length, stride, rate, purity, placements, what to do with missing placements and null.
    classes : sequence of str
        The classes in their order; all labels met, sorted, where empty. Other labels count as no class.
    unlabelled : bool
        Keep windows without a label, with -1 (to predict over whole recordings).

    Returns
    -------
    Windows
        In the order of the recordings, then of time.

    Raises
    ------
    ValueProblem
        Where no window comes out; it says why.
    """
    names = tuple(classes) or _labels_met(recordings, spec)
    if spec.null == "class" and NULL not in names:
        names = (*names, NULL)
    parts = [_cut_one(recording, spec, names, unlabelled) for recording in recordings]
    if not sum(len(p) for p in parts):
        raise ValueProblem(_why_none(recordings, spec))
    rows = ("imu", "mask", "label", "purity", "subject", "recording", "start_s")
    return replace(parts[0], **{name: np.concatenate([getattr(p, name) for p in parts]) for name in rows})


def cut_to_learn(recordings: Sequence[LabelledRecording], config: LearningConfig) -> Windows:
    """Windows as a finetuning wants them: those without a label too, where its start learns from them."""
    wanted = config.finetune.warm_start
    return cut(recordings, config.windows, unlabelled=wanted.use and wanted.unlabelled > 0)


def _labels_met(recordings: Sequence[LabelledRecording], spec: WindowSpec) -> tuple[str, ...]:
    null = _null_words(spec)
    return tuple(sorted({s.label for r in recordings for s in r.labels if s.label.strip().lower() not in null}))


def _null_words(spec: WindowSpec) -> set[str]:
    return {"", NULL, *(word.strip().lower() for word in spec.null_labels)}


def _why_none(recordings: Sequence[LabelledRecording], spec: WindowSpec) -> str:
    worn = sorted({p for r in recordings for p in r.signals})
    if not set(worn) & set(spec.placements):
        return (
            f"no window: asked for {', '.join(spec.placements)}; the recordings have {', '.join(worn) or 'no signal'}"
        )
    return (
        f"no window of {spec.length_s} s with a label of purity {spec.purity} in {len(recordings)} recordings: "
        "signals may be shorter, full of gaps, or without labels"
    )


def _cut_one(recording: LabelledRecording, spec: WindowSpec, classes: tuple[str, ...], unlabelled: bool) -> Windows:
    worn = [p for p in spec.placements if p in recording.signals]
    t0 = min((float(recording.signals[p].time_s[0]) for p in worn), default=0.0)
    stretches = {p: _stretches(recording.signals[p], t0, spec) for p in worn}
    starts = _starts(stretches, recording, t0, spec)
    label, purity = _label(recording.labels, t0 + starts / spec.rate_hz, spec, classes)
    if not unlabelled:
        kept = label >= 0
        starts, label, purity = starts[kept], label[kept], purity[kept]
    imu = np.zeros((len(starts), len(spec.placements), 6, spec.samples), dtype=np.float32)
    mask = np.zeros(imu.shape[:2], dtype=bool)
    for index, placement in enumerate(spec.placements):
        _fill(imu[:, index], mask[:, index], stretches.get(placement, []), starts)
    n = len(starts)
    found = Windows(
        imu, mask, label, purity, np.array([recording.subject] * n, dtype=str),
        np.array([recording.name] * n, dtype=str), t0 + starts / spec.rate_hz, classes, spec.placements, spec.rate_hz,
    )  # fmt: skip
    keep = mask.all(axis=1) if spec.missing == "drop" else mask.any(axis=1)
    return found if keep.all() else found.take(np.flatnonzero(keep))


class _Stretch(NamedTuple):
    """Samples (n, 6) that follow each other on the recording's grid from index `first`."""

    first: int
    values: Singles


def _stretches(signal: Signal, t0: float, spec: WindowSpec) -> list[_Stretch]:
    """Stretches long enough for a window, each resampled by itself on the grid ``t0 + k / rate``."""
    from m3n_studio.imu.sampling import resampled, runs_of
    from m3n_studio.motion.clip import runs

    out = []
    for a, b in runs_of(signal):
        own = signal.time_s[a:b]
        first, last = (np.array([own[0], own[-1]]) - t0) * spec.rate_hz
        k = np.arange(int(np.ceil(first - 1e-4)), int(np.floor(last + 1e-4)) + 1)
        if b - a < 4 or len(k) < spec.samples:
            continue
        part = Signal(signal.name, own, signal.acc_mps2[a:b], signal.gyr_radps[a:b])
        even = resampled(part, t0 + k / spec.rate_hz)
        values = np.hstack([even.acc_mps2, even.gyr_radps]).astype(np.float32)
        out += [_Stretch(int(k[i]), values[i:j]) for i, j in runs(even.valid) if j - i >= spec.samples]
    return out


def _starts(stretches: Mapping[str, list[_Stretch]], recording: LabelledRecording, t0: float, spec: WindowSpec) -> Ints:
    """Grid indices where windows start: a stride apart, afresh after every gap."""
    each = [[(s.first, s.first + len(s.values)) for s in of] for of in stretches.values()]
    if spec.missing == "drop":
        where = each[0] if len(each) == len(spec.placements) else []
        for other in each[1:]:
            where = overlaps(where, other)
    else:
        where = merged([interval for of in each for interval in of])
    if recording.spans:
        edges = [(np.array(span) - t0) * spec.rate_hz for span in recording.spans]
        allowed = [(int(np.ceil(a - 1e-4)), int(np.floor(b + 1e-4))) for a, b in edges]
        where = overlaps(where, merged(allowed))
    starts = [np.arange(a, b - spec.samples + 1, spec.stride) for a, b in where]
    return np.concatenate([np.zeros(0, dtype=np.int64), *starts]).astype(np.int64)


def _fill(imu: Singles, mask: Mask, stretches: list[_Stretch], starts: Ints) -> None:
    """Copy one placement's windows into (N, 6, T) where a stretch holds them whole."""
    samples = imu.shape[-1]
    for stretch in stretches:
        i, j = np.searchsorted(starts, [stretch.first, stretch.first + len(stretch.values) - samples + 1])
        if j > i:
            views = np.lib.stride_tricks.sliding_window_view(stretch.values, samples, axis=0)  # (n', 6, T)
            imu[i:j] = views[starts[i:j] - stretch.first]
            mask[i:j] = True


def _label(
    spans: Sequence[LabelSpan], start_s: Floats, spec: WindowSpec, classes: tuple[str, ...]
) -> tuple[Ints, Singles]:
    """The class of each window and the share it covers."""
    end_s, known = start_s + spec.length_s, {name: i for i, name in enumerate(classes)}
    real = {name for name in classes if not (spec.null == "class" and name == NULL)}
    share = np.zeros((len(start_s), len(classes)))
    for name in real:
        own = [(s.start_s, s.end_s) for s in spans if s.label == name]
        share[:, known[name]] = covered(own, start_s, end_s) / spec.length_s
    any_class = [(s.start_s, s.end_s) for s in spans if s.label in real]
    nothing = 1.0 - covered(any_class, start_s, end_s) / spec.length_s
    if spec.null == "class":
        share[:, known[NULL]] = nothing
    if not len(classes):
        return np.full(len(start_s), UNLABELLED), np.zeros(len(start_s), dtype=np.float32)
    best = share.argmax(axis=1)
    most = share[np.arange(len(best)), best]
    good = (most >= spec.purity - 1e-9) & (most >= nothing - 1e-9)
    return np.where(good, best, UNLABELLED).astype(np.int64), np.where(good, np.minimum(most, 1), 0).astype(np.float32)
