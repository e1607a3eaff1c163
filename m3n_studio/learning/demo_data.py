"""Labelled recordings made of the motions that ship: to try everything with, never to judge a method by.

Five people of different bodies wear a watch on each wrist and do the demo motions one after the
other, again and again; the label is the motion's name. Synthetic through and through.
"""

from __future__ import annotations

import numpy as np

from m3n_studio.learning.windows import LabelledRecording, LabelSpan
from m3n_studio.recordings.signal import Signal

PEOPLE, ROUNDS = 5, 2
_PAUSE_S = 1.0


def demo_recordings(rate_hz: float = 60.0, *, seed: int = 0) -> list[LabelledRecording]:
    """A recording a person and round, of both wrists, with a second's gap between motions."""
    from m3n_studio.body.files import default_body
    from m3n_studio.body.shape import Shape
    from m3n_studio.imu.population import draw, of_people
    from m3n_studio.imu.simulate import Settings, simulate
    from m3n_studio.motion.demo import demo_clips, load_demo

    model, wrists = default_body(), ("left_wrist", "right_wrist")
    bodies, _ = draw(model, of_people(model), PEOPLE, seed)
    names, out = sorted(demo_clips()), []
    for person, vector in enumerate(bodies):
        shape = Shape.from_vector(model, vector)
        for number in range(ROUNDS):
            order = np.random.default_rng([seed, person, number]).permutation(len(names))
            begin, labels = 0.0, []
            parts: dict[str, list[Signal]] = {wrist: [] for wrist in wrists}
            for index in order:
                noise = int(np.random.SeedSequence([seed, person, number, int(index)]).generate_state(1)[0])
                made = simulate(model, load_demo(names[index]), wrists, shape=shape,
                                settings=Settings(rate_hz=rate_hz), device="smartwatch", seed=noise)  # fmt: skip
                for wrist, signal in zip(wrists, made, strict=True):
                    parts[wrist].append(signal.with_(time_s=signal.time_s - signal.time_s[0] + begin))
                end = begin + float(made[0].time_s[-1] - made[0].time_s[0])
                labels.append(LabelSpan(begin, end, names[index]))
                begin = end + _PAUSE_S
            signals = {wrist: _joined(wrist, each) for wrist, each in parts.items()}
            out.append(LabelledRecording(f"person {person + 1}, round {number + 1}", f"person {person + 1}", signals,
                                         tuple(labels)))  # fmt: skip
    return out


def _joined(name: str, parts: list[Signal]) -> Signal:
    """Signals one after the other."""
    fields = ("time_s", "acc_mps2", "gyr_radps", "valid")
    return Signal(name, *(np.concatenate([getattr(p, field) for p in parts]) for field in fields))
