"""Label Studio JSON: one task with time series labels; times in s, the unit of its time column.

People's labels are annotations, one object for each author; a model's are predictions. Moments are instants. Tiers
and classes are beside the task's data, so everything is held. A task of another origin has one tier for each
control tag (`from_name`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from m3n_studio.annotation.exchange.builder import Builder
from m3n_studio.annotation.exchange.values import LabelFile, from_header, header, read_text, rows
from m3n_studio.atomic import atomic
from m3n_studio.errors import FileError

_OURS = "m3n_labels"
_KIND = "timeserieslabels"


def sniff(path: Path, head: bytes) -> bool:
    """Whether it is JSON that begins as a list of tasks, or one task."""
    text = head.decode("utf-8-sig", "replace").lstrip()
    return text.startswith(("[", "{")) and any(f'"{key}"' in text for key in ("annotations", "predictions", "data"))


def read(path: Path) -> LabelFile:
    """Read the one task that has labels."""
    try:
        said = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise FileError(path, found=f"no JSON ({error})", expected="an export of Label Studio") from error
    tasks = [t for t in (said if isinstance(said, list) else [said]) if isinstance(t, Mapping)]
    full = [t for t in tasks if _parts(t, "annotations") or _parts(t, "predictions")] or tasks
    if len(full) != 1:
        raise FileError(path, found=f"{len(full)} tasks with labels", expected="one: a file of labels is one session")
    task = full[0]
    data = task.get("data")
    data = data if isinstance(data, Mapping) else {}
    known = from_header(data[_OURS]) if _OURS in data else None
    builder, other = Builder(known), 0
    for part, said_of_all in _results(task):
        if part.get("type") == _KIND:
            builder.add_row({**_row(path, part), **said_of_all})
        else:
            other += 1
    media = tuple(v for k, v in data.items() if isinstance(v, str)) if known is None else known.media
    return builder.result(media=media, notes=(f"{other} results of other kinds",) if other else ())


def _parts(task: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = task.get(key)
    return [p for p in found if isinstance(p, Mapping)] if isinstance(found, list) else []


def _results(task: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Each result, with the author and source it has from the object it is in."""
    for key, source in (("annotations", "person"), ("predictions", "model")):
        for group in _parts(task, key):
            who = group.get("model_version") if source == "model" else group.get("completed_by")
            if isinstance(who, Mapping):
                who = who.get("email") or who.get("id")
            said = {"source": source, "author": "" if who is None else str(who)[:1000]}
            yield from ((part, said) for part in _parts(group, "result"))


def _row(path: Path, part: Mapping[str, Any]) -> dict[str, Any]:
    value = part.get("value")
    names = value.get(_KIND) if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(names, list) or not names or not isinstance(names[0], str):
        raise FileError(path, field=f"result {str(part.get('id'))[:40]}", found="no label", expected=f"value.{_KIND}")
    row: dict[str, Any] = {"label": names[0], "tier": _text(part.get("from_name")), "id": _text(part.get("id"))}
    for key, field in (("start", "start_s"), ("end", "end_s")):
        at = value.get(key)
        if isinstance(at, bool) or not isinstance(at, int | float):
            raise FileError(path, field=f"value.{key}", found=repr(at)[:40], expected="a number of seconds")
        row[field] = float(at)
    if value.get("instant"):
        row["end_s"] = row["start_s"]
    score, meta = part.get("score"), part.get("meta")
    if isinstance(score, int | float) and not isinstance(score, bool):
        row["confidence"] = float(score)
    text = meta.get("text") if isinstance(meta, Mapping) else None
    row["note"] = "\n".join(map(str, text)) if isinstance(text, list) else _text(text)
    return row


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def write(path: Path, file: LabelFile) -> None:
    """Write one task."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows(file):
        groups.setdefault((row["source"], row["author"]), []).append(_result(row))
    task: dict[str, Any] = {
        "data": {"csv": file.media[0] if file.media else "", _OURS: header(file)},
        "annotations": [
            {"result": results, **({"completed_by": {"email": author}} if author else {})}
            for (source, author), results in groups.items() if source == "person"
        ],
        "predictions": [
            {"result": results, **({"model_version": author} if author else {})}
            for (source, author), results in groups.items() if source == "model"
        ],
    }  # fmt: skip
    with atomic(path) as part:
        part.write_text(json.dumps([task], indent=1), encoding="utf-8")


def _result(row: Mapping[str, Any]) -> dict[str, Any]:
    value = {
        "start": row["start_s"], "end": row["end_s"], "instant": row["start_s"] == row["end_s"], _KIND: [row["label"]],
    }  # fmt: skip
    out = {"id": row["id"], "type": _KIND, "from_name": row["tier"], "to_name": "ts", "value": value}
    if row["confidence"] is not None:
        out["score"] = row["confidence"]
    if row["note"]:
        out["meta"] = {"text": [row["note"]]}
    return out
