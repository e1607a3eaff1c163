"""What tools.story_label labels: recordings of which it is known who did what when. The program's public API only.

:func:`ten_minutes` is made of the bundled motions, worn at both wrists, with a watch's errors and a film of the body;
:func:`watches` are public recordings (sp_sw_har), one behind the other, with the labels of their files.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from m3n_studio import workbench
from m3n_studio.annotation.model import LabelClass, Tier
from m3n_studio.body.forward import joints_over_time
from m3n_studio.body.model import BodyModel
from m3n_studio.imu.devices import apply_device, shipped_devices
from m3n_studio.imu.simulate import Settings, simulate
from m3n_studio.motion.clip import Clip
from m3n_studio.project import Project, Video
from m3n_studio.recordings.formats import read_import
from m3n_studio.recordings.signal import Signal

RATE_HZ, FILM_HZ, FILM_SIZE = 50.0, 10, (320, 240)
_STILL_S, _JOIN = 2.5, 10
#: Class, its key and colour, and the motion it is done with.
ACTIVITIES = (
    ("standing", "n", "#7a8794", ""), ("walking", "w", "#2a7fff", "walk"), ("waving", "v", "#e8a33d", "wave"),
    ("hammering", "h", "#d64f4f", "hammer"), ("sawing", "s", "#2f9e6e", "saw"), ("screwing", "c", "#8a63d2", "screw"),
    ("pouring", "p", "#17a2b8", "pour_drink"), ("packing", "k", "#b8702b", "pack_box"),
    ("sitting down", "d", "#c2529b", "sit_stand"), ("squatting", "q", "#6b8e23", "squat_lift"),
    ("signing", "g", "#475bc9", "sign_phrase"),
)  # fmt: skip
_COLORS = tuple(color for _, _, color, _ in ACTIVITIES)


@dataclass(frozen=True)
class Stretch:
    """What was done from when to when, s."""

    name: str
    key: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Known:
    """A project to label, and what its labels should be.

    Attributes
    ----------
    session : str
        As the palette calls it.
    tier : str
        Name of the tier.
    moments : tuple of float, s
        When the person claps; empty where there is no tier for it.
    """

    folder: Path
    session: str
    tier: str
    stretches: tuple[Stretch, ...]
    moments: tuple[float, ...] = ()

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.stretches[-1].end_s


# ------------------------------------------------------------------ ten minutes of the bundled motions


def ten_minutes(folder: Path, *, seconds: float = 600.0, seed: int = 4) -> Known:
    """Both wrists of a person at work, made into a project with a film."""
    rng = np.random.default_rng(seed)
    model = workbench.open_body(None)
    clips = {motion: workbench.open_clip(f"demo:{motion}") for _, _, _, motion in ACTIVITIES if motion}
    stretches = _plan(rng, clips, seconds)
    signals = _signals(model, clips, stretches, seed)
    moments = tuple(round(s.start_s + 0.5 * (s.end_s - s.start_s), 2) for s in stretches if s.name == "packing")[:2]
    with Project.create(folder, "Workshop") as project:
        subject = project.add_subject("Ada", height_m=1.70, mass_kg=62.0, handedness="right")
        session = project.add_session("ten minutes", subject.id)
        for signal in signals:
            project.add_recording(session.id, signal, placement=signal.name)
        classes = tuple(LabelClass(name, color, key) for name, key, color, _ in ACTIVITIES)
        events = (LabelClass("clap", "#e8a33d", "x"),)
        project.add_label_set("workshop", [Tier("activity", classes=classes),
                                           Tier("moments", "event", exclusive=False, classes=events)])  # fmt: skip
        film(folder / "videos" / "workshop.mp4", model, clips, stretches)
        project.add(Video(session.id, "workshop", "videos/workshop.mp4", seconds))
    return Known(folder, "Ada · ten minutes", "activity", stretches, moments)


def _plan(rng: np.random.Generator, clips: dict[str, Clip], seconds: float) -> tuple[Stretch, ...]:
    """Activities of 9 to 20 s, now and then with standing between them."""
    out: list[Stretch] = []
    at, order = 0.0, list(ACTIVITIES[1:])
    while at < seconds:
        rng.shuffle(order)
        for name, key, _, _ in order:
            if out and out[-1].name == name:
                continue
            if rng.random() < 0.4:
                still = ACTIVITIES[0]
                out.append(Stretch(still[0], still[1], at, at + _STILL_S + round(rng.uniform(0, 3), 2)))
                at = out[-1].end_s
            out.append(Stretch(name, key, at, round(at + rng.uniform(9, 20), 2)))
            at = out[-1].end_s
    kept = [s for s in out if s.start_s < seconds - 5]
    return (*kept[:-1], Stretch(kept[-1].name, kept[-1].key, kept[-1].start_s, seconds))


def _motion(name: str) -> str:
    return next(motion for called, _, _, motion in ACTIVITIES if called == name)


def _signals(model: BodyModel, clips: dict[str, Clip], stretches: tuple[Stretch, ...], seed: int) -> list[Signal]:
    """What watches at both wrists read, the motions one after another."""
    placements, settings = workbench.place(model, workbench.WRISTS), Settings(rate_hz=RATE_HZ, bandwidth_hz=12.0)
    read = {name: simulate(model, clip, placements, settings=settings) for name, clip in clips.items()}
    watch = next(d for d in shipped_devices() if d.name == "smartwatch")
    count = round(stretches[-1].end_s * RATE_HZ)
    out = []
    for i, placement in enumerate(placements):
        values = np.zeros((count, 6))
        for n, stretch in enumerate(stretches):
            first, last = round(stretch.start_s * RATE_HZ), round(stretch.end_s * RATE_HZ)
            motion = _motion(stretch.name) or _motion(stretches[(n + 1) % len(stretches)].name) or "walk"
            signal = read[motion][i]
            both = np.hstack([signal.acc_mps2, signal.gyr_radps])[signal.valid]
            if stretch.name == "standing":
                both = np.hstack([np.repeat(both[:1, :3], 2, axis=0), np.zeros((2, 3))])
            values[first:last] = both[np.arange(last - first) % len(both)]
            if first:
                _blend(values, first)
        plain = Signal(placement.name, np.arange(count) / RATE_HZ, values[:, :3], values[:, 3:])
        out.append(apply_device(plain, watch, seed=seed + i))
    return out


def _blend(values: NDArray[np.float64], at: int) -> None:
    """One movement goes over into the next within 0.2 s."""
    low, high = max(at - _JOIN // 2, 0), min(at + _JOIN // 2, len(values) - 1)
    share = np.linspace(0, 1, high - low + 1)[:, None]
    values[low : high + 1] = (1 - share) * values[low] + share * values[high]


# ------------------------------------------------------------------ the film


def film(path: Path, model: BodyModel, clips: dict[str, Clip], stretches: tuple[Stretch, ...]) -> None:
    """A film of the body as a stick figure, with the number of each frame and its time."""
    import av
    from PIL import Image, ImageDraw

    joints = {name: joints_over_time(model, clip.poses, clip.trans, clip.shape)[1] for name, clip in clips.items()}
    bones = [(i, parent) for i, parent in enumerate(model.parents[:22]) if parent >= 0]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FILM_HZ)
        stream.width, stream.height, stream.pix_fmt = *FILM_SIZE, "yuv420p"
        stream.codec_context.gop_size = FILM_HZ
        stream.codec_context.options = {"preset": "ultrafast", "crf": "28"}
        for number in range(round(stretches[-1].end_s * FILM_HZ)):
            time_s = number / FILM_HZ
            picture = Image.new("RGB", FILM_SIZE, "#20262e")
            draw = ImageDraw.Draw(picture)
            points = _seen(joints, clips, stretches, time_s)
            draw.line([(20, 226), (300, 226)], fill="#4a5563", width=2)
            for a, b in bones:
                draw.line([tuple(points[a]), tuple(points[b])], fill="#e6edf3", width=5)
            head = points[15]
            draw.ellipse([head[0] - 11, head[1] - 20, head[0] + 11, head[1] + 2], fill="#e6edf3")
            draw.text((8, 6), f"{number:05d}   {int(time_s) // 60}:{time_s % 60:04.1f}", fill="#9fb0c0")
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FILM_HZ)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _seen(
    joints: dict[str, NDArray[np.float64]], clips: dict[str, Clip], stretches: tuple[Stretch, ...], time_s: float
) -> NDArray[np.float64]:
    """Joints on the film, px; a little from the side, the pelvis in the middle."""
    n = next(i for i, s in enumerate(stretches) if time_s < s.end_s)
    stretch = stretches[n]
    motion = _motion(stretch.name) or _motion(stretches[(n + 1) % len(stretches)].name) or "walk"
    clip = clips[motion]
    frame = 0 if stretch.name == "standing" else round((time_s - stretch.start_s) * clip.rate_hz) % len(clip)
    points = joints[motion][frame][:22]
    across = np.cos(0.6) * points[:, 0] + np.sin(0.6) * points[:, 2]
    return np.column_stack([160 + 108 * (across - across[0]), 224 - 108 * (points[:, 1] - points[:, 1].min())])


# ------------------------------------------------------------------ public recordings


def watches(folder: Path, data: Path, *, most_s: float = 240.0) -> Known:
    """Recordings of one person of sp_sw_har, one behind the other; the labels of the files are kept aside."""
    return people(folder, data, ("s01",), most_s=most_s)["s01"]


def people(folder: Path, data: Path, names: tuple[str, ...], *, most_s: float = 240.0) -> dict[str, Known]:
    """A project of several people of sp_sw_har, a session each, and what its labels should be, by person."""
    joined = {name: _joined(data, name, most_s) for name in names}
    classes_named = sorted({name for _, runs in joined.values() for name, _, _ in runs})
    keys = _keys(classes_named)
    classes = tuple(LabelClass(n, c, keys[n]) for n, c in zip(classes_named, _COLORS[1:], strict=False))
    out = {}
    with Project.create(folder, "Watches") as project:
        project.add_label_set("activities", [Tier("activity", classes=classes)])
        for name, (signal, runs) in joined.items():
            session = project.add_session("all of it", project.add_subject(name).id)
            project.add_recording(session.id, signal, placement="left_wrist")
            ordered: list[Stretch] = []
            for label, start_s, end_s in sorted(runs, key=lambda run: run[1]):
                if ordered and ordered[-1].name == label:  # it goes on in the next file
                    start_s = ordered.pop().start_s
                ordered.append(Stretch(label, keys[label], start_s, end_s))
            out[name] = Known(folder, f"{name} · all of it", "activity", tuple(ordered))
    return out


def _joined(data: Path, person: str, most_s: float) -> tuple[Signal, list[tuple[str, float, float]]]:
    """A person's watch, one file behind the other, and (label, from, to) in it."""
    times, accs, gyrs, valids, runs = [], [], [], [], []
    at = 0.0
    for file in sorted(data.glob(f"DATA/{person}/*_sw.csv")):
        imported = read_import(file)
        signal, begins = imported.recorded[0].signal, imported.start_s
        own = signal.time_s - signal.time_s[0]
        if at + own[-1] > most_s:
            break
        times.append(at + own)
        accs.append(signal.acc_mps2)
        gyrs.append(signal.gyr_radps)
        valids.append(signal.valid)
        runs += [(r.name, at + r.start_s - begins, at + r.stop_s - begins) for r in imported.labels[0].runs]
        at += float(own[-1]) + float(np.median(np.diff(own)))
    gyr = None if any(g is None for g in gyrs) else np.concatenate(gyrs)
    return Signal("watch", np.concatenate(times), np.concatenate(accs), gyr, np.concatenate(valids)), runs


def _keys(names: list[str]) -> dict[str, str]:
    """A letter of its name for each class, no two alike."""
    out: dict[str, str] = {}
    for name in names:
        letters = [c for c in name.lower() + "abcdefghijklmnopqrstuvwxyz" if c.isalpha() and c not in out.values()]
        out[name] = letters[0]
    return out
