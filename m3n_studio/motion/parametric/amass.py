"""Read motion-capture archives: AMASS (SMPL-H, SMPL-X) and GRAB ``.npz``.

Both are z-up and carry the performer's betas. The performer's own body is licensed and
usually not at hand, so the pelvis' path is turned with the default body's rest pelvis and the
lowest foot put on the floor: a constant offset against the original, which no derivative sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from m3n_studio.body.files import default_body
from m3n_studio.errors import FileError
from m3n_studio.motion.archives import Fields, npz_names, text_of
from m3n_studio.motion.clip import Clip, TextSegment
from m3n_studio.motion.formats import ReadOptions
from m3n_studio.motion.ground import ground
from m3n_studio.motion.parametric.parameters import clip_of, first_of, gender_of, rate_of, track, with_notes
from m3n_studio.motion.upright import TO_Y_UP, turn_clip

RATES = ("mocap_framerate", "mocap_frame_rate", "framerate", "fps", "frame_rate")
_OFFSET = "the performer's body is not known here: pelvis path with the default body's, lowest foot on the floor"


def sniff(path: Path, head: bytes) -> bool:
    """AMASS: poses, trans and a capture rate. GRAB: a body inside."""
    if head[:2] != b"PK":
        return False
    names = npz_names(path)
    poses = {"poses", "pose_body"} & names and {"trans", "transl"} & names
    return bool((poses and names & set(RATES)) or sniff_grab(names))


def sniff_grab(names: frozenset[str]) -> bool:
    """The names of a GRAB sequence's arrays."""
    return "body" in names and bool(names & {"framerate", "motion_intent", "obj_name"})


def read(path: Path, options: ReadOptions) -> Clip:
    """Read an AMASS or GRAB sequence; see :func:`m3n_studio.motion.formats.read_clip`."""
    with Fields(path) as fields:
        grab = sniff_grab(frozenset(fields))
        rate_name = first_of(fields, RATES)
        if rate_name:
            rate, rate_note = rate_of(path, rate_name, fields[rate_name]), ""
        else:
            rate, rate_note = (
                options.rate_hz or 120.0,
                "rate not in the file: " + ("as stated" if options.rate_hz else "120 Hz taken"),
            )
        parameters: Mapping[str, Any] = _grab_body(path, fields) if grab else fields
        person = track(path, parameters)
        gender = gender_of(fields["gender"]) if "gender" in fields else "neutral"
        duration = (len(person.poses) - 1) / rate
        texts = _grab_texts(fields, duration) if grab else ()
        clip = clip_of(path, person, rate_hz=rate, format="grab" if grab else "amass", gender=gender, texts=texts,
                       notes=(rate_note,) if rate_note else ())  # fmt: skip
    up = "z" if options.up == "auto" else options.up
    model = default_body()
    clip = ground(turn_clip(clip, TO_Y_UP[up], model), model)
    return with_notes(clip, f"{up}-up turned to y-up", _OFFSET)


def _grab_body(path: Path, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body's parameters inside a GRAB sequence: a pickled dict, with or without ``params``."""
    body = fields["body"]
    if isinstance(body, dict):
        body = body.get("params", body)
    if not isinstance(body, dict):
        raise FileError(path, field="body", found=f"a {type(body).__name__}", expected="a dict of parameters")
    return {str(name): value for name, value in body.items()}


def _grab_texts(fields: Mapping[str, Any], duration_s: float) -> tuple[TextSegment, ...]:
    """What the person does with which object, e.g. ``drink mug``."""
    text = " ".join(text_of(fields.get(name, "")) for name in ("motion_intent", "obj_name")).strip()
    return (TextSegment(0.0, duration_s, text, "label"),) if text else ()
