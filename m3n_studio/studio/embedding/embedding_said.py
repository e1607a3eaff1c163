"""What models say of windows: of those they did not learn from where a run kept it, else of all. No widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import M3nError
from m3n_studio.studio.embedding.embedding_table import REAL, PointTable

if TYPE_CHECKING:
    from m3n_studio.learning.predict import Predicted


def predicted_words(
    table: PointTable, run: str, titles: Mapping[str, str], shown: Mapping[str, Predicted]
) -> NDArray[np.str_]:
    """The class a model gives each window (N,), empty where none says anything.

    Parameters
    ----------
    run : str
        A finetuning run whose kept predictions of tested people count most; empty for none.
    titles : mapping
        ``subject/session`` of each session, by id: what recordings are called in a run.
    shown : mapping
        Predictions that other views show, by session; counted where the run itself says nothing.
    """
    held = _held_out(run) if run else {}
    names = {*table.classes, *held.values(), *(name for found in shown.values() for name in found.classes)}
    out = np.full(len(table), "", dtype=f"U{max(map(len, names), default=1)}")
    known = table.predicted >= 0
    if known.any():
        out[known] = np.array(table.classes)[table.predicted[known]]
    else:
        _from_shown(out, table, shown)
    if held:
        for row in np.flatnonzero(table.modality == REAL).tolist():
            key = titles.get(str(table.session[row]), ""), round(float(table.start_s[row]), 3)
            if key in held:
                out[row] = held[key]
    return out


def _from_shown(out: NDArray[np.str_], table: PointTable, shown: Mapping[str, Predicted]) -> None:
    for session, found in shown.items():
        rows = np.flatnonzero((table.session == session) & (table.modality == REAL))
        middle = table.start_s[rows] + table.length_s / 2
        at = (
            np.floor((middle - found.time_s[0]) / found.hop_s + 1e-9).astype(int) if len(found.time_s) else rows * 0 - 1
        )
        good = (at >= 0) & (at < len(found.time_s))
        rows, at = rows[good], at[good]
        sure = found.probability[at]
        said = np.isfinite(sure).all(axis=1)
        out[rows[said]] = np.array(found.classes)[sure[said].argmax(axis=1)]


def _held_out(run: str) -> dict[tuple[str, float], str]:
    """Classes of tested windows by recording and start, s."""
    from m3n_studio.learning.evaluate import fold_predictions
    from m3n_studio.learning.run_folder import RunFolder

    try:
        folder = RunFolder.open(run)
        classes = [str(c) for c in folder.about.facts.get("classes", ())]
        found = fold_predictions(folder)
    except M3nError:
        return {}
    out = {}
    for of in found.values():
        if of.probability.shape[1] == len(classes):
            best = of.probability.argmax(axis=1)
            for name, start, b in zip(of.recording, of.start_s.tolist(), best.tolist(), strict=True):
                out[(str(name), round(start, 3))] = classes[b]
    return out
