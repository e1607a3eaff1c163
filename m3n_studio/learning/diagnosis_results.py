"""Checks of a diagnosis that look at what came out: folds, classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from m3n_studio.learning.diagnosis_words import Evidence, Finding

#: How far below the others a fold must be, in macro F1.
_APART = 0.15
_UNEVEN, _VERY_UNEVEN = 5.0, 15.0


def user_apart(e: Evidence) -> Iterator[Finding]:
    """One fold far below the others."""
    scores = {p.name: p.macro_f1 for p in e.history.parts.values() if math.isfinite(p.macro_f1)}
    if len(scores) < 3:
        return
    for name, score in scores.items():
        others = np.array([s for n, s in scores.items() if n != name])
        if score < np.median(others) - _APART and score < others.mean() - 3 * others.std():
            yield Finding(
                "user apart", "warning", f"{name}: its users are not recognised",
                f"Macro F1 {100 * score:.1f} there; the other {len(others)} folds have {100 * others.min():.1f} to"
                f" {100 * others.max():.1f}.",
                "What was learned holds for the users it was learned from: these move, or wear the sensor, differently,"
                " or their labels are shifted.",
                "Look at these users' labels and at how their sensor was mounted first; then label some minutes of a"
                " user like them, or pretrain with larger pretrain.bodies.tilt_deg and turn_deg.",
            )  # fmt: skip


def never_predicted(e: Evidence) -> Iterator[Finding]:
    """Classes that are there and that no window was taken for."""
    names, confusion = _confusion(e.metrics)
    if not len(confusion):
        return
    truth, said = confusion.sum(axis=1), confusion.sum(axis=0)
    missing = [(n, int(t)) for n, t, s in zip(names, truth, said, strict=True) if t > 0 and s == 0]
    if missing:
        shown = ", ".join(f"{n} ({t} windows)" for n, t in missing[:6]) + (" …" if len(missing) > 6 else "")
        yield Finding(
            "never predicted", "problem" if 2 * len(missing) >= len(names) else "warning",
            f"{len(missing)} of {len(names)} classes {'is' if len(missing) == 1 else 'are'} never predicted",
            f"Never predicted: {shown}.",
            "These classes score 0; there are too few windows of them, they look like another class, or training ended"
            " before they were learned.",
            "Label more of them, set finetune.class_weights to true, train for more epochs, or join them with the class"
            " they are taken for (see the confusion matrix).",
        )  # fmt: skip


def imbalance(e: Evidence) -> Iterator[Finding]:
    """Classes of very different size."""
    names, confusion = _confusion(e.metrics)
    truth = confusion.sum(axis=1) if len(confusion) else np.zeros(0)
    if np.count_nonzero(truth) < 2:
        return
    large, small = int(np.argmax(truth)), int(np.argmin(np.where(truth > 0, truth, np.inf)))
    ratio = truth[large] / truth[small]
    weighted = e.config is not None and e.config.finetune.class_weights
    if ratio >= _UNEVEN and not weighted:
        yield Finding(
            "imbalance", "warning" if ratio >= _VERY_UNEVEN else "hint", "The classes are of very different size",
            f"{names[large]} has {int(truth[large])} windows, {names[small]} {int(truth[small])}: {ratio:.0f} times"
            " fewer.",
            "A network that ignores the small class loses little; accuracy looks better than it is, macro F1 tells.",
            f"Label more of {names[small]}, or set finetune.class_weights to true.",
        )  # fmt: skip


def _confusion(metrics: Mapping[str, Any]) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Names and counts (C, C), truth in rows; empty where there are none that fit."""
    pooled = metrics.get("pooled")
    if not isinstance(pooled, Mapping) or not isinstance(pooled.get("support"), Mapping):
        return [], np.zeros((0, 0))
    names = [str(name) for name in pooled["support"]]
    try:
        counts = np.array(pooled.get("confusion"), dtype=float)
    except (TypeError, ValueError):
        return [], np.zeros((0, 0))
    good = counts.shape == (len(names), len(names)) and bool(np.isfinite(counts).all()) and bool((counts >= 0).all())
    return (names, counts) if good else ([], np.zeros((0, 0)))
