"""Read what pose estimators make of a video: ROMP, GLAMR, WHAM, 4D-Humans, VIBE; AIST++ fits.

Each stores SMPL parameters per person in a pickle of its own shape; a table below says how
each is recognised, what its frame of reference is, and its usual rate. Camera frames (x right,
y down, z forward) are turned upright with the camera's tilt taken from the person's mean
posture. Where a file holds several persons the longest track is taken. Frames in which the
person was not seen become gaps. Jitter and depth errors are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from m3n_studio.body.files import default_body
from m3n_studio.errors import FileError
from m3n_studio.motion.archives import Fields, load_npy, load_pickle, npz_names
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.formats import ReadOptions
from m3n_studio.motion.ground import ground
from m3n_studio.motion.parametric.parameters import (
    BODY,
    ROOT,
    TRANS,
    WHOLE,
    Track,
    clip_of,
    first_of,
    gender_of,
    numbers,
    rate_of,
    track,
    with_notes,
)  # fmt: skip
from m3n_studio.motion.upright import TO_Y_UP, find_up, level_camera, turn_clip

RATES = ("fps", "mocap_framerate", "mocap_frame_rate", "frame_rate", "framerate", "rate_hz")
_JITTER_PERCENTILE = 2.0
_MAX_PERSONS = 10_000


@dataclass(frozen=True)
class Estimator:
    """One shape of file.

    frame : "camera", or the axis that is usually up ("y", "z") in a world frame.
    """

    name: str
    recognise: Callable[[Mapping[Any, Any]], bool]
    tracks: Callable[[Path, Mapping[Any, Any]], list[Track]]
    frame: str
    rate_hz: float


def _is_person(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    return bool(first_of(value, (*WHOLE, "pose_world")) or (first_of(value, ROOT) and first_of(value, BODY)))


def _frame_number(name: object, default: int) -> int:
    """The number in a frame's name (``00000012.jpg``), else its place in the file."""
    found = re.findall(r"\d+", str(name).replace("\\", "/").rsplit("/", 1)[-1][-200:])
    return int(found[-1][-12:]) if found else default


def _persons(data: Mapping[Any, Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    for key, value in list(data.items())[:_MAX_PERSONS]:
        if _is_person(value):
            yield key, value


def _glamr(path: Path, data: Mapping[Any, Any]) -> list[Track]:
    out = []
    people = data["person_data"]
    for person in people.values() if isinstance(people, Mapping) else []:
        if not isinstance(person, Mapping) or "smpl_orient_world" not in person:
            continue
        fields = {
            "global_orient": person["smpl_orient_world"], "body_pose": person.get("smpl_pose"),
            "trans": person.get("root_trans_world"), "betas": person.get("smpl_beta"),
        }  # fmt: skip
        one = track(path, fields, frames=person.get("frames"))
        seen = person.get("vis_frames")
        if isinstance(seen, np.ndarray) and seen.shape == (len(one.poses),) and not seen.all():
            unseen = int((~seen.astype(bool)).sum())
            one = replace(one, notes=(*one.notes, f"{unseen} frames were not seen: GLAMR's own infilling"))
        out.append(one)
    return out


def _wham(path: Path, data: Mapping[Any, Any]) -> list[Track]:
    return [
        track(path, {"poses": p["pose_world"], "trans": p.get("trans_world"), "betas": p.get("betas")},
              frames=p.get("frame_ids"))
        for _, p in _persons(data) if "pose_world" in p
    ]  # fmt: skip


def _tracked_persons(path: Path, data: Mapping[Any, Any]) -> list[Track]:
    """Person -> arrays over time (VIBE and many others)."""
    return [track(path, p, frames=p.get("frame_ids", p.get("frames"))) for _, p in _persons(data)]


def _phalp(path: Path, data: Mapping[Any, Any]) -> list[Track]:
    """Frame -> lists over persons (PHALP, the tracker of 4D-Humans)."""
    rows: dict[Any, list[tuple[int, Mapping[str, Any]]]] = {}
    for place, (name, frame) in enumerate(data.items()):
        if not isinstance(frame, Mapping) or not isinstance(frame.get("smpl"), list):
            continue
        number = frame["time"] if isinstance(frame.get("time"), int) else _frame_number(name, place)
        persons, ages = _listed(frame.get("tid")), _listed(frame.get("tracked_time"))
        cameras = _listed(frame.get("camera"))
        for i, smpl in enumerate(frame["smpl"]):
            if not _is_person(smpl) or i >= len(persons) or (i < len(ages) and ages[i] != 0):
                continue  # tracked_time > 0: not seen in this frame
            fields = {**smpl, "trans": cameras[i]} if i < len(cameras) else smpl
            rows.setdefault(_key(persons[i]), []).append((number, fields))
    return _stack(path, rows)


def _romp(path: Path, data: Mapping[Any, Any]) -> list[Track]:
    """ROMP: one frame with rows per person, or frame -> such, or frame -> list of persons."""
    results = data["results"] if data.get("results") is not None else data["sequence_results"]
    if isinstance(results, np.ndarray) and results.dtype == object:
        results = results.item() if results.size == 1 else list(results.ravel())
    if _is_person(results):
        results = {0: results}
    if isinstance(results, (list, tuple)):
        results = dict(enumerate(results))
    if not isinstance(results, Mapping):
        raise FileError(path, field="results", found=f"a {type(results).__name__}", expected="results per frame")
    rows: dict[Any, list[tuple[int, Mapping[str, Any]]]] = {}
    for place, (name, frame) in enumerate(results.items()):
        number = _frame_number(name, place)
        for who, fields in _romp_frame(path, frame):
            rows.setdefault(who, []).append((number, fields))
    return _stack(path, rows)


def _romp_frame(path: Path, frame: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The persons of one frame as (identity, parameters)."""
    if isinstance(frame, (list, tuple)):
        for i, person in enumerate(frame[:_MAX_PERSONS]):
            if _is_person(person):
                yield _key(person.get("track_id", i)), person
        return
    if not isinstance(frame, Mapping):
        return
    if not _is_person(frame):
        yield from _persons(frame)
        return
    name = first_of(frame, ("smpl_thetas", *WHOLE))
    if not name:
        yield 0, frame
        return
    poses = numbers(path, name, frame[name])
    poses = poses[None] if poses.ndim == 1 else poses
    identities = _listed(frame.get("track_ids"))
    wanted = (first_of(frame, ("cam_trans", *TRANS)), first_of(frame, ("smpl_betas", "betas")))
    extras = {n: np.atleast_2d(numbers(path, n, frame[n])) for n in wanted if n}
    for i in range(len(poses)):
        rest = {n: rows[i] for n, rows in extras.items() if i < len(rows)}
        yield (_key(identities[i]) if i < len(identities) else i), {name: poses[i], **rest}


def _listed(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        return list(value.ravel()) if value.ndim == 1 else list(value)
    return list(value) if isinstance(value, (list, tuple)) else []


def _key(value: Any) -> Any:
    """A person's identity as something that can be a key."""
    return int(value) if isinstance(value, (int, float, np.integer, np.floating)) and np.isfinite(value) else str(value)


def _stack(path: Path, rows: Mapping[Any, list[tuple[int, Mapping[str, Any]]]]) -> list[Track]:
    """Tracks from single frames per person."""
    out = []
    for person in rows.values():
        singles = [track(path, fields) for _, fields in person]
        if any(len(single.poses) != 1 for single in singles):
            raise FileError(path, found="several poses for one person in one frame", expected="one")
        betas = [s.betas for s in singles if s.betas and len(s.betas) == len(singles[0].betas)]
        out.append(
            Track(
                np.concatenate([s.poses for s in singles]), np.concatenate([s.trans for s in singles]),
                np.array([number for number, _ in person], dtype=np.int64),
                tuple(np.mean(betas, axis=0).tolist()) if betas else (), singles[0].family, singles[0].notes,
            )
        )  # fmt: skip
    return out


def _single(path: Path, data: Mapping[Any, Any]) -> list[Track]:
    """Arrays over time of one person, under any usual name; AIST++ in cm with a scaling."""
    fields = dict(data)
    name = first_of(fields, TRANS)
    if name and fields.get("smpl_scaling") is not None:
        scaling = numbers(path, "smpl_scaling", fields["smpl_scaling"]).ravel()
        if not (scaling.size == 1 and 1e-3 < scaling[0] < 1e5):
            raise FileError(path, field="smpl_scaling", found=f"{scaling[:3]}", expected="one positive number")
        fields[name] = numbers(path, name, fields[name]) / scaling[0]
    return [track(path, fields)]


def _any_value(data: Mapping[Any, Any], test: Callable[[Mapping[Any, Any]], bool]) -> bool:
    return any(isinstance(value, Mapping) and test(value) for value in list(data.values())[:50])


ESTIMATORS: tuple[Estimator, ...] = (
    Estimator("glamr", lambda d: "person_data" in d, _glamr, "z", 30.0),
    Estimator("romp", lambda d: "results" in d or "sequence_results" in d, _romp, "camera", 30.0),
    Estimator("aist++", lambda d: "smpl_poses" in d and "smpl_trans" in d, _single, "y", 60.0),
    Estimator("smpl parameters", _is_person, _single, "y", 30.0),
    Estimator("wham", lambda d: _any_value(d, lambda v: "pose_world" in v), _wham, "y", 30.0),
    Estimator("4d-humans", lambda d: _any_value(d, lambda v: isinstance(v.get("smpl"), list)), _phalp, "camera", 30.0),
    Estimator("persons", lambda d: any(True for _ in _persons(d)), _tracked_persons, "camera", 30.0),
)  # fmt: skip


def sniff(path: Path, head: bytes) -> bool:
    """A pickle, a ``.npz`` with poses or results, or a ``.npy`` of pickled objects."""
    suffix = path.suffix.lower()
    if suffix == ".npz":
        names = npz_names(path)
        return bool(
            names & {"results", "sequence_results", "person_data", *WHOLE} or (names & {*ROOT} and names & {*BODY})
        )
    return suffix == ".pkl" or b"'|O'" in head[:200]


def read(path: Path, options: ReadOptions) -> Clip:
    """Read a pose estimator's output; see :func:`m3n_studio.motion.formats.read_clip`."""
    data = _open(path)
    kind = next((e for e in ESTIMATORS if e.recognise(data)), None)
    if kind is None:
        shown = ", ".join(repr(k)[:40] for k in list(data)[:8])
        raise FileError(path, found=f"no SMPL poses among {shown or 'nothing'}",
                        expected=f"the output of {', '.join(e.name for e in ESTIMATORS)}")  # fmt: skip
    people = kind.tracks(path, data)
    if not people:
        raise FileError(path, found=f"a {kind.name} file in which nobody was found", expected="at least one person")
    person = max(people, key=lambda t: len(t.poses))
    notes = () if len(people) == 1 else (f"{len(people)} persons: the longest track, {len(person.poses)} frames",)
    rate, rate_note = _rate(path, data, options, kind)
    gender = gender_of(data["gender"]) if "gender" in data else "neutral"
    clip = clip_of(path, person, rate_hz=rate, format=kind.name, gender=gender, notes=(*notes, rate_note))
    return _upright(clip, kind, options)


def _open(path: Path) -> Mapping[Any, Any]:
    """The file's content as a mapping with everything unpacked that may be needed."""
    if path.suffix.lower() == ".npz":
        wanted = {"results", "sequence_results", "person_data", "smpl_scaling", "gender", "betas", "smpl_betas",
                  *WHOLE, *ROOT, *BODY, *TRANS, *RATES, "left_hand_pose", "right_hand_pose", "pose_hand"}  # fmt: skip
        with Fields(path) as fields:
            return {name: fields[name] for name in fields if name in wanted}
    data = load_npy(path) if path.suffix.lower() == ".npy" else load_pickle(path)
    if isinstance(data, np.ndarray) and data.dtype == object and data.size == 1:
        data = data.item()
    if isinstance(data, (list, tuple)):
        data = dict(enumerate(data))
    if not isinstance(data, Mapping):
        raise FileError(path, found=f"a pickled {type(data).__name__}", expected="a dict of SMPL parameters")
    return data


def _rate(path: Path, data: Mapping[Any, Any], options: ReadOptions, kind: Estimator) -> tuple[float, str]:
    name = first_of(data, RATES)
    if name:
        return rate_of(path, name, data[name]), ""
    if options.rate_hz:
        return options.rate_hz, f"{options.rate_hz:g} Hz as stated"
    return kind.rate_hz, f"{kind.rate_hz:g} Hz taken: the file has no rate"


def _upright(clip: Clip, kind: Estimator, options: ReadOptions) -> Clip:
    """Turned y-up, the feet on the floor."""
    model = default_body()
    if kind.frame == "camera" and options.up == "auto":
        clip, note = level_camera(clip, model)
    else:
        usual = "y" if kind.frame == "camera" else kind.frame
        up, note = find_up(clip, model, declared=options.up, usual=usual)
        if up == "-y":  # y down: a camera's frame after all
            clip, note = level_camera(clip, model)
        else:
            clip = turn_clip(clip, TO_Y_UP[up], model)
    clip = ground(clip, model, percentile=_JITTER_PERCENTILE)
    return with_notes(clip, note, "feet put on the floor by a constant offset")
