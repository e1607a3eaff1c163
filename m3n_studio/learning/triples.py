"""Pretraining triples drawn straight from motions: text, pose, and what each placement's sensor would read.

An epoch has as many windows as fit into the clips a stride apart, but each begins anywhere a
window fits and text covers enough of it, on a new body, with a new mounting, worn by a new device.
Specific force is one matrix product with the clip's map (:mod:`~m3n_studio.learning.motion_set`).

What is drawn follows from (the epoch's seed, index of the batch) alone: a batch can be asked for by
itself, and a run that is resumed sees what one never stopped would see.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.learning import synthetic
from m3n_studio.learning.config import BodiesConfig, WindowSpec
from m3n_studio.learning.folds import Scaler
from m3n_studio.learning.intervals import covered
from m3n_studio.learning.motion_set import LEVER, MotionSet, PretrainClip
from m3n_studio.learning.text import Embedded

if TYPE_CHECKING:
    from m3n_studio.learning.models.multi3net import PretrainBatch

Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
_ORDER = 2**32 - 1


class Triples(NamedTuple):
    """A batch before it is normalised and made tensors.

    imu (B, P, 6, T) float32, m/s2 and rad/s; pose (B, T, 52, 3) rad; sentence, topic, clip (B,)
    indices; start (B,) samples into the clip.
    """

    imu: Singles
    pose: Singles
    sentence: Ints
    topic: Ints
    clip: Ints
    start: Ints


class Choice(NamedTuple):
    """Windows to draw: clip and start (B,)."""

    clip: Ints
    start: Ints


@dataclass(frozen=True, eq=False)
class _Places:
    """Where windows of one clip may begin, and which said (index) holds there."""

    starts: Ints
    said: Ints


class TripleDrawer:
    """Draws windows of a motion set.

    Parameters
    ----------
    motions : MotionSet
    spec : WindowSpec
        Length, stride and purity: the least share of a window its text must hold for.
    bodies : BodiesConfig
    """

    def __init__(self, motions: MotionSet, spec: WindowSpec, bodies: BodiesConfig) -> None:
        if motions.placements != spec.placements or motions.rate_hz != spec.rate_hz:
            raise ValueProblem(
                f"motions are for {', '.join(motions.placements)} at {motions.rate_hz:g} Hz; windows ask for"
                f" {', '.join(spec.placements)} at {spec.rate_hz:g} Hz"
            )
        self.motions, self.spec, self.bodies = motions, spec, bodies
        self.sentences, self.topics = motions.sentences, motions.topics
        self._device = synthetic.check(motions.model, bodies)
        self._places = [_places(clip, spec) for clip in motions.clips]
        self._counts = [1 + (len(p.starts) - 1) // spec.stride if len(p.starts) else 0 for p in self._places]
        self.windows = sum(self._counts)
        if not self.windows:
            raise ValueProblem(f"no window of {spec.length_s:g} s lies where text covers {spec.purity:.0%} of it")
        known, topics = ({name: i for i, name in enumerate(names)} for names in (self.sentences, self.topics))
        self._said = [
            [(np.array([known[s] for s in said.sentences]), topics[said.topic]) for said in clip.said]
            for clip in motions.clips
        ]

    def order(self, seed: int) -> Choice:
        """Every window of an epoch, shuffled."""
        rng = np.random.default_rng([seed, _ORDER])
        clips = np.repeat(np.arange(len(self._counts)), self._counts)
        starts = [
            p.starts[rng.integers(0, len(p.starts), n)] for p, n in zip(self._places, self._counts, strict=True) if n
        ]
        shuffled = rng.permutation(len(clips))
        return Choice(clips[shuffled], np.concatenate(starts)[shuffled])

    def grid(self) -> Choice:
        """Windows in order, a stride apart, as recordings are cut."""
        each = [p.starts[:: self.spec.stride] for p in self._places]
        return Choice(np.repeat(np.arange(len(each)), [len(e) for e in each]), np.concatenate(each))

    def draw(self, of: Choice, seed: int, index: int) -> Triples:
        """The windows chosen, on new bodies; the same for the same seed and index."""
        rng = np.random.default_rng([seed, index])
        count, t, p = len(of.clip), self.spec.samples, len(self.spec.placements)
        drawn = synthetic.draw(self.motions.model, self.bodies, count, p, rng)
        acc, gyr = np.empty((count, p, t, 3), dtype=np.float32), np.empty((count, p, t, 3), dtype=np.float32)
        pose = np.empty((count, t, 52, 3), dtype=np.float32)
        sentence, topic = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
        vectors = _homogeneous(drawn)
        for row, (c, start) in enumerate(zip(of.clip.tolist(), of.start.tolist(), strict=True)):
            clip = self.motions.clips[c]
            part = slice(start, start + t)
            pose[row] = clip.pose[part]
            gyr[row] = clip.gyr_radps[part].transpose(1, 0, 2)
            for place in range(p):
                terms = clip.acc_terms[place, part].reshape(3 * t, -1)
                np.matmul(terms, vectors[row, place], out=acc[row, place].reshape(-1))
            sentences, topic[row] = self._said[c][self._which(c, start)]
            sentence[row] = sentences[rng.integers(len(sentences))]
        turned = np.swapaxes(drawn.mount, 2, 3)
        acc, gyr = synthetic.with_errors(acc @ turned, gyr @ turned, self._device, self.spec.rate_hz, rng)
        imu = np.concatenate([acc, gyr], axis=3).transpose(0, 1, 3, 2)
        return Triples(imu, pose, sentence, topic, of.clip, of.start)

    def fingerprint(self) -> str:
        """A digest of the clips and of what is drawn from them."""
        digest = hashlib.sha256(repr((self.spec, self.bodies, self._device)).encode())
        for clip in self.motions.clips:
            digest.update(repr((clip.name, clip.said)).encode())
            for array in (clip.pose, clip.acc_terms, clip.gyr_radps, clip.valid):
                digest.update(array.tobytes())
        return digest.hexdigest()

    def _which(self, clip: int, start: int) -> int:
        places = self._places[clip]
        return int(places.said[np.searchsorted(places.starts, start)])


def _homogeneous(drawn: synthetic.Draws) -> Singles:
    """What a clip's map is multiplied with: (B, P, W) of [1, shape, shift, 1]."""
    count, p, _ = drawn.shift.shape
    out = np.ones((count, p, 2 + drawn.body.shape[1] + LEVER), dtype=np.float32)
    out[:, :, 1 : 1 + drawn.body.shape[1]] = drawn.body[:, None]
    out[:, :, -1 - LEVER : -1] = drawn.shift
    return out


def _places(clip: PretrainClip, spec: WindowSpec) -> _Places:
    """Starts (n,) ascending at which text holds for enough of the window, and the said that holds longest."""
    ranges = [np.arange(a, b) for a, b in clip.starts(spec.samples)]
    starts = np.concatenate(ranges).astype(np.int64) if ranges else np.zeros(0, dtype=np.int64)
    first = starts / spec.rate_hz
    share = np.stack([covered([(s.start_s, s.end_s)], first, first + spec.length_s) / spec.length_s for s in clip.said])
    best = share.argmax(axis=0)
    good = share.max(axis=0) >= spec.purity - 1e-9
    return _Places(starts[good], best[good].astype(np.int64))


class TripleBatches:
    """Batches of triples for pretraining, a :class:`~m3n_studio.learning.batches.BatchSource`.

    Parameters
    ----------
    drawer : TripleDrawer
    embedded : Embedded
        Vectors of the drawer's sentences (more are allowed).
    scaler : Scaler
        :meth:`Scaler.fixed` where not given, which is right for real recordings too.
    batch : int
        Windows a batch; what is left of an epoch is not used, unless it is all there is.
    """

    def __init__(self, drawer: TripleDrawer, embedded: Embedded, batch: int, scaler: Scaler | None = None) -> None:
        self.drawer, self.batch = drawer, batch
        self.placements, self.samples = drawer.spec.placements, drawer.spec.samples
        self.scaler = scaler or Scaler.fixed(len(self.placements))
        self.words = Words(embedded, drawer.sentences)
        self.sentence_width = embedded.width

    def __len__(self) -> int:
        return max(1, self.drawer.windows // self.batch)

    def epoch(self, seed: int, start: int = 0) -> Iterator[PretrainBatch]:
        """The batches of an epoch from number `start` on."""
        order = self.drawer.order(seed)
        for index in range(start, len(self)):
            part = slice(index * self.batch, (index + 1) * self.batch)
            drawn = self.drawer.draw(Choice(order.clip[part], order.start[part]), seed, index)
            yield batch_of(drawn, self.words, self.scaler)

    def fingerprint(self) -> str:
        """A digest of clips, texts and settings."""
        digest = hashlib.sha256(self.drawer.fingerprint().encode())
        digest.update(repr((self.batch, self.scaler.to_dict())).encode())
        digest.update(np.ascontiguousarray(self.words.vectors).tobytes())
        return digest.hexdigest()


class Words:
    """Vectors by the number of a sentence."""

    def __init__(self, embedded: Embedded, sentences: Sequence[str]) -> None:
        at = {sentence: i for i, sentence in enumerate(embedded.sentences)}
        missing = [s for s in sentences if s not in at]
        if missing:
            raise ValueProblem(f"no vector for the sentence {missing[0]!r}; embed every sentence of the motions")
        rows = [at[s] for s in sentences]
        self.vectors = embedded.vectors[rows]
        self.mask = None if embedded.mask is None else embedded.mask[rows]
        self.width = embedded.width


def batch_of(drawn: Triples, words: Words, scaler: Scaler) -> PretrainBatch:
    """Normalised tensors; every frame and placement is there."""
    import torch

    from m3n_studio.learning.models.multi3net import PretrainBatch

    count, places, _, samples = drawn.imu.shape
    return PretrainBatch(
        torch.from_numpy(np.ascontiguousarray(scaler.apply(drawn.imu))),
        torch.ones(count, places, dtype=torch.bool),
        torch.from_numpy(drawn.pose),
        torch.ones(count, samples, dtype=torch.bool),
        torch.from_numpy(words.vectors[drawn.sentence]),
        None if words.mask is None else torch.from_numpy(words.mask[drawn.sentence]),
        torch.from_numpy(drawn.topic),
        torch.from_numpy(drawn.clip),
    )
