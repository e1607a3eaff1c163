"""A document as a few lines of JSON, to open the same again: files by path, what the user did by value. No Qt."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from m3n_studio.body.shape import Shape
from m3n_studio.errors import FileError, M3nError
from m3n_studio.recordings.video.track import VideoTrack
from m3n_studio.studio.core.document import MOST_OTHERS, Document, OtherMotion

VERSION = 1


def to_dict(d: Document) -> dict[str, Any]:
    """What is needed to open a document again; empty where it has no file to open."""
    motion = d.motion_path if d.clip is not None else ""
    if not motion and not d.recording_path and not d.videos:
        return {}
    return {
        "version": VERSION,
        "title": d.title,
        "motion": str(Path(motion).absolute()) if motion else "",
        "recording": str(Path(d.recording_path).absolute()) if d.recording_path else "",
        "shape": _shape(d.shape),
        "ghost": _shape(d.ghost),
        "placements": [asdict(p) for p in d.placements],
        "pairs": dict(d.pairs),
        "alignments": {name: a.to_dict() for name, a in d.alignments.items()},
        "videos": [v.to_dict() for v in d.videos],
        "mode": d.mode,
        "bandwidth_hz": d.bandwidth_hz,
        "others": [{"motion": str(Path(o.path).absolute()), "where": o.where} for o in d.others if o.path],
    }


def _shape(shape: Shape | None) -> dict[str, Any] | None:
    if shape is None:
        return None
    return {"betas": list(shape.betas), "limbs": dict(shape.limbs), "scale": shape.scale, "space": shape.space}


def files_of(data: dict[str, Any]) -> tuple[Path, ...]:
    """The files a remembered document is about."""
    return tuple(Path(data[key]) for key in ("motion", "recording") if data.get(key))


def open_again(data: dict[str, Any], name: str = "session") -> Document:
    """The document that was remembered, read from its files anew.

    Raises
    ------
    FileError
        Where a file is gone, or what was remembered is not whole.
    """
    from m3n_studio.studio.core.contents import open_files

    document = open_files(files_of(data), Document())
    try:
        return document.with_(
            title=str(data["title"]), shape=_read_shape(data["shape"]), ghost=_read_shape(data["ghost"]),
            placements=_placements(data["placements"]) or document.placements,
            pairs={str(k): str(v) for k, v in data["pairs"].items()},
            alignments={str(k): _alignment(v) for k, v in data["alignments"].items()},
            others=_others(data.get("others", [])),
            videos=tuple(VideoTrack.from_dict(v) for v in data.get("videos", ())),
            mode=str(data["mode"]), bandwidth_hz=None if data["bandwidth_hz"] is None else float(data["bandwidth_hz"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, M3nError):
            raise
        raise FileError(name, found=f"what was remembered is not whole ({error!r})") from error


def _read_shape(data: dict[str, Any] | None) -> Shape | None:
    if data is None:
        return None
    return Shape(tuple(map(float, data["betas"])), dict(data["limbs"]), float(data["scale"]), str(data["space"]))


def _others(rows: list[dict[str, Any]]) -> tuple[OtherMotion, ...]:
    from m3n_studio import workbench

    return tuple(
        OtherMotion(workbench.open_clip(row["motion"]), str(row["motion"]), str(row["where"]))
        for row in rows[:MOST_OTHERS]
    )  # fmt: skip


def _placements(rows: list[dict[str, Any]]) -> tuple[Any, ...]:
    from m3n_studio.imu.surface import Placement

    return tuple(Placement(**{**row, "barycentric": tuple(row["barycentric"])}) for row in rows)


def _alignment(data: dict[str, Any]) -> Any:
    import numpy as np

    from m3n_studio.imu import align

    kinds = {"clock": align.ClockFit, "mount": align.MountFit, "gravity": align.GravityFit}
    parts = {
        name: kind(**{k: np.array(v, dtype=float) if isinstance(v, list) else v for k, v in data[name].items()})
        for name, kind in kinds.items()
        if name in data
    }
    return align.Alignment(**parts)
