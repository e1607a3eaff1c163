"""Clips as a source of labelled recordings: people of different bodies wear watches and move as the clips do.

Synthetic through and through: to try things with, never to judge a method by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from m3n_studio.errors import Cancelled, FileError, M3nError
from m3n_studio.learning.clip_texts import said_of
from m3n_studio.learning.text import Templates, read_templates
from m3n_studio.learning.windows import LabelledRecording, LabelSpan, WindowSpec
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.formats import read_clip
from m3n_studio.recordings.signal import Signal

WRISTS = ("left_wrist", "right_wrist")
PEOPLE, RATE_HZ = 5, 60.0
_PAUSE_S = 1.0
_DEVICE = "smartwatch"

Labels = Callable[[Clip], Sequence[LabelSpan]]


def simulated(
    clips: Sequence[Clip],
    placements: Sequence[str] = WRISTS,
    rate_hz: float = RATE_HZ,
    *,
    people: int = PEOPLE,
    rounds: int = 1,
    labels: Labels | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[LabelledRecording]:
    """What watches on several people would read, who do all clips one after the other.

    Parameters
    ----------
    clips : sequence of Clip
    placements : sequence of str
        Where each of them wears a watch; see :data:`m3n_studio.imu.placement.PLACEMENTS`.
    rate_hz : float, Hz
    people, rounds : int
        Bodies drawn from the population of the shipped one, and how often each does everything, in
        another order each time.
    labels : callable of Clip to spans in the clip's own s
        :func:`topics` where not given.
    seed : int
        Decides bodies, orders and the watches' errors.
    progress : callable of (clips simulated, all)
    cancelled : callable returning bool
        Asked before every clip; `Cancelled` where it says so.

    Returns
    -------
    list of LabelledRecording
        One a person and round, with a second's gap between clips; times from 0.
    """
    from m3n_studio.body.files import default_body
    from m3n_studio.body.shape import Shape
    from m3n_studio.imu.population import draw, of_people
    from m3n_studio.imu.simulate import Settings, resolve, simulate

    model, spans_of = default_body(), labels or partial(topics, templates=read_templates())
    places, settings = resolve(model, placements), Settings(rate_hz=rate_hz)
    bodies, _ = draw(model, of_people(model), people, seed)
    said, out, done = [tuple(spans_of(clip)) for clip in clips], [], 0
    for person, vector in enumerate(bodies):
        shape, who = Shape.from_vector(model, vector), f"person {person + 1}"
        for number in range(rounds):
            made = []
            for index in np.random.default_rng([seed, person, number]).permutation(len(clips)):
                if cancelled():
                    raise Cancelled("simulating recordings was cancelled")
                noise = int(np.random.SeedSequence([seed, person, number, int(index)]).generate_state(1)[0])
                signals = simulate(model, clips[index], places, shape=shape, settings=settings, device=_DEVICE,
                                   seed=noise)  # fmt: skip
                made.append((signals, said[index]))
                done += 1
                if progress:
                    progress(done, people * rounds * len(clips))
            out.append(_one_after_the_other(f"{who}, round {number + 1}", who, placements, made))
    return out


def topics(clip: Clip, templates: Templates) -> tuple[LabelSpan, ...]:
    """What a clip's own texts are about, else its file's name, as spans; empty where nothing says anything."""
    return tuple(LabelSpan(said.start_s, said.end_s, said.topic) for said in said_of(clip, templates))


def motion_recordings(
    files: Sequence[Path],
    spec: WindowSpec,
    *,
    tell: Callable[[str], None] = lambda _: None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[LabelledRecording]:
    """Recordings simulated from files of motion, at the windows' placements and rate.

    A file that cannot be read, is shorter than a window, or of which nothing is said, is told and left out.

    Raises
    ------
    FileError
        Where no file is left.
    """
    templates, clips, why = read_templates(), [], ""
    for done, path in enumerate(files):
        if cancelled():
            raise Cancelled("reading motions was cancelled")
        try:
            clips.append(_usable(path, spec, templates))
        except M3nError as error:
            why = why or str(error)
            tell(f"left out {error}")
        if progress:
            progress(done + 1, len(files))
    if not clips:
        raise FileError(files[0].parent, found=f"none of {len(files)} motions can be used: {why}",
                        expected="motions with a label, a text, or a name that says what is done")  # fmt: skip
    tell(f"synthetic recordings: {PEOPLE} made-up people do motions ({len(clips)}); to try things with, not to judge"
         " a method by")  # fmt: skip
    return simulated(clips, spec.placements, spec.rate_hz, labels=partial(topics, templates=templates),
                     progress=progress, cancelled=cancelled)  # fmt: skip


def _usable(path: Path, spec: WindowSpec, templates: Templates) -> Clip:
    clip = read_clip(path)
    if clip.duration_s < spec.length_s or not clip.valid.any():
        seen = f"{clip.duration_s:.2f} s of motion" + ("" if clip.valid.any() else ", none of it valid")
        raise FileError(path, found=seen, expected=f"at least a window of {spec.length_s:g} s")
    if not said_of(clip, templates):
        raise FileError(path, found="nothing that says what is done", expected="a text in it, or a name that says it")
    return clip


def _one_after_the_other(
    name: str, subject: str, placements: Sequence[str], made: Sequence[tuple[Sequence[Signal], Sequence[LabelSpan]]]
) -> LabelledRecording:
    """Signals (a placement each) of several clips with the clips' labels, as one recording."""
    begin, labels = 0.0, []
    parts: dict[str, list[Signal]] = {placement: [] for placement in placements}
    for signals, spans in made:
        first, last = (float(signals[0].time_s[i]) for i in (0, -1))
        for placement, signal in zip(placements, signals, strict=True):
            parts[placement].append(signal.with_(time_s=signal.time_s - signal.time_s[0] + begin))
        for span in spans:
            start, end = (min(max(t - first, 0.0), last - first) for t in (span.start_s, span.end_s))
            if start < end:
                labels.append(LabelSpan(begin + start, begin + end, span.label))
        begin += last - first + _PAUSE_S
    return LabelledRecording(name, subject, {p: _joined(p, each) for p, each in parts.items()}, tuple(labels))


def _joined(name: str, parts: list[Signal]) -> Signal:
    """Signals one after the other."""
    fields = ("time_s", "acc_mps2", "gyr_radps", "valid")
    return Signal(name, *(np.concatenate([getattr(p, field) for p in parts]) for field in fields))
