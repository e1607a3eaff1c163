"""Checks of a diagnosis that look at curves: losses, gradients, throughput."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from m3n_studio.learning.diagnosis_words import Evidence, Finding, most, of_folds
from m3n_studio.learning.run_history import Array, Part

#: Epochs before anything is said of a curve's shape.
_LEAST = 4
_DECODERS = ("pose2imu", "reconstruction")


def diverged(e: Evidence) -> Iterator[Finding]:
    """A loss or a gradient that is not a number."""
    if e.status == "failed" and "not a number" in e.message:
        yield Finding(
            "diverged", "problem", "Training broke down: not a number", e.message,
            "The steps were so large that the weights left the range of numbers, or the data hold values that are no"
            " numbers.",
            f"Set {e.setting}.learning_rate to a tenth, or {e.setting}.clip_norm to 1; check the recordings for gaps"
            " and absurd values.",
        )  # fmt: skip


def spikes(e: Evidence) -> Iterator[Finding]:
    """Steps that throw the loss back again and again."""
    found = []
    for part in e.history.trained:
        loss, norm = part.steps.column("loss"), part.steps.column("grad_norm")
        if len(loss) < 20:
            continue
        usual = _running_median(loss)
        jumps = (loss[5:] > 2.5 * usual[5:]) & (norm[5:] > 4 * np.nanmedian(norm))
        if jumps.sum() >= 2:
            found.append((int(jumps.sum()), float(np.nanmax(loss[5:] / usual[5:])), len(loss)))
    if found:
        rate = "" if e.optimiser is None else f" (now {e.optimiser.learning_rate:g})"
        where = of_folds(found, e.history.trained)
        yield Finding(
            "spikes", "warning" if most(found, e.history.trained) else "hint",
            "The loss jumps: the steps may be too large",
            f"{sum(f[0] for f in found)} of {sum(f[2] for f in found)} steps told{where} had a loss up to"
            f" {max(f[1] for f in found):.1f} times the usual and a gradient over 4 times the usual.",
            "Single steps undo what many before them have learned; training goes on, but ends higher than it could.",
            f"Lower {e.setting}.learning_rate{rate} by 3 to 10 times, or set {e.setting}.clip_norm to 1 to 5.",
        )  # fmt: skip


def collapse(e: Evidence) -> Iterator[Finding]:
    """Contrastive losses that stay at what guessing gives, the logarithm of the batch."""
    part = e.history.current
    if e.kind != "pretrain" or e.optimiser is None or part is None or part.epoch < _LEAST:
        return
    chance = math.log(e.optimiser.batch)
    pairs = {n: _train(part, n) for n in e.history.loss_names() if "-" in n}
    at_chance = [n for n, y in pairs.items() if np.all(np.abs(_late(y) - chance) < 0.03 * chance)]
    if not at_chance:
        return
    last = np.mean([_late(pairs[n])[-1] for n in at_chance])
    seen = (
        f"{_listed(at_chance)} stayed at {last:.2f} in the last {len(_late(pairs[at_chance[0]]))} of {part.epoch}"
        f" epochs; guessing among {e.optimiser.batch} windows gives ln {e.optimiser.batch} = {chance:.2f}."
    )
    tries = (
        f"Lower {e.setting}.learning_rate, raise pretrain.loss.temperature to 0.1 to 0.2, use a larger batch, or go on"
        " for more epochs if the loss has only begun to fall."
    )
    if len(at_chance) == len(pairs):
        yield Finding(
            "collapse", "problem", "The embeddings have collapsed", seen,
            "Every window is mapped to nearly the same point: no modality can find its partner in another, and a"
            " classifier has nothing to start from.", tries,
        )  # fmt: skip
    else:
        yield Finding(
            "collapse", "warning", f"{_listed(at_chance)} cannot be told apart", seen,
            "These two modalities have not found each other, though other pairs have learned.",
            tries + " Where text is in it: windows with the same text count as wrong answers unless"
            " pretrain.loss.same_text says otherwise.",
        )  # fmt: skip


def dominating(e: Evidence) -> Iterator[Finding]:
    """One term that is nearly all of the sum while another does not learn."""
    part = e.history.current
    if e.kind != "pretrain" or e.config is None or part is None or part.epoch < _LEAST:
        return
    loss = e.config.pretrain.loss
    weights = {"contrastive": loss.contrastive, "pose2imu": loss.pose2imu, "reconstruction": loss.reconstruction}
    more = [n for n in e.history.loss_names() if "-" not in n and n not in ("loss", *weights)]  # further objectives
    weights |= {n: loss.weights.get(n, 1.0) for n in more}
    settings = {n: f"pretrain.loss.{'weights.' if n in more else ''}{n}" for n in weights}
    terms = {n: w * _train(part, n) for n, w in weights.items() if w > 0 and n in e.history.loss_names()}
    total = sum(float(_late(y).mean()) for y in terms.values())
    if len(terms) < 2 or not total > 0:
        return
    for name, y in terms.items():
        share = float(_late(y).mean()) / total
        idle = [n for n, other in terms.items() if n != name and _fall(other) < 0.05]
        if share > 0.9 and idle:
            falls = ", ".join(f"{n} by {_fall(terms[n]):.0%}" for n in idle)
            yield Finding(
                "dominating", "warning", f"{name} drowns the other losses",
                f"{name} is {share:.0%} of the weighted sum; since the first epoch it fell by {_fall(y):.0%}, {falls}.",
                "Gradients follow the largest term; the parts that only the others train hardly learn.",
                f"Set {settings[name]} to about {weights[name] * (1 - share):.2g}, or raise"
                f" {settings[idle[0]]}, so that the terms are of one size.",
            )  # fmt: skip


def stuck(e: Evidence) -> Iterator[Finding]:
    """A loss that ends where it began."""
    parts = [p for p in e.history.trained if p.epoch >= _LEAST]
    chance = math.log(e.optimiser.batch) if e.optimiser is not None else math.nan
    for name in e.history.loss_names():
        if name in ("extra", "contrastive") or (name == "loss" and "cross_entropy" in e.history.loss_names()):
            continue
        curves = [_train(p, name) for p in parts]
        still = [y for y in curves if _fall(y) < 0.02]
        if not still or not most(still, curves):
            continue
        if "-" in name and np.all(np.abs(_late(still[0]) - chance) < 0.03 * chance):
            continue  # said by the check for collapse
        yield Finding(
            "stuck", "problem" if name in ("loss", "cross_entropy") else "warning",
            f"{name.replace('_', ' ')} does not fall",
            f"From {still[0][0]:.3g} in the first epoch to {_late(still[0]).mean():.3g} at the end"
            f" ({max(_fall(still[0]), -9.99):.1%} less){of_folds(still, curves)}.",
            "What this loss should teach is not learned: the step is too small or too large, all that could learn it is"
            " frozen, or the data do not hold it.",
            f"Change {e.setting}.learning_rate by ten times either way"
            + (" and set finetune.freeze to never." if e.kind == "finetune" else
               "; for a decoder look at the units of the signals and at its weight in pretrain.loss."),
        )  # fmt: skip


def overfitting(e: Evidence) -> Iterator[Finding]:
    """Validation that rises while training still falls."""
    found, judged = [], []
    for part in e.history.trained:
        x, y = part.epochs.at, part.epochs.column("validation/loss")
        train = part.epochs.column("train/loss")
        if len(x) < _LEAST or not np.isfinite(y).all():
            continue
        judged.append(part)
        best = int(np.argmin(y))
        if len(x) - 1 - best < 3 or y[best] <= 0:
            continue
        end, behind = float(np.median(y[-3:])), float(np.median(train[-3:]))
        if end > 1.1 * y[best] and behind < 0.95 * train[best]:
            found.append((part, x[best], y[best], end, train[best], behind))
    if found:
        part, epoch, low, end, train, behind = max(found, key=lambda f: f[3] / f[2])
        where = f" of {part.name}" if part.name else ""
        others = of_folds(found, judged)
        yield Finding(
            "overfitting", "warning" if most(found, judged) else "hint", "It learns its windows by heart",
            f"After epoch {epoch:.0f}{where} validation rose from {low:.3g} to {end:.3g} while training fell from"
            f" {train:.3g} to {behind:.3g}{'; it rises' + others if others else ''}.",
            "What is learned after that epoch holds for the windows trained on and for no others. The weights kept are"
            " those of the best epoch, so later epochs cost time rather than quality.",
            f"Label more users, pretrain, freeze the encoder longer, set {e.setting}.weight_decay to 0.01, or lower"
            f" {e.setting}.stop_patience.",
        )  # fmt: skip


def not_converged(e: Evidence) -> Iterator[Finding]:
    """The last epoch allowed was still better than those before."""
    if e.status == "running":
        return
    found = []
    for part in e.history.trained:
        y = part.epochs.column("validation/loss")
        y = y if np.isfinite(y).all() else part.epochs.column("train/loss")
        if part.epoch < _LEAST or part.epoch < part.most_epochs:
            continue
        recent = max(2, math.ceil(0.2 * len(y)))
        before, last = float(y[:-recent].min()), float(y.min())
        near_end = int(np.argmin(y)) >= len(y) - max(1, math.ceil(0.1 * len(y)))
        if near_end and before > 0 and (before - last) / before > 0.01:
            found.append((part, before, last, recent))
    if found and most(found, e.history.trained):
        part, before, last, recent = max(found, key=lambda f: (f[1] - f[2]) / f[1])
        yield Finding(
            "not converged", "warning", "It was still getting better when it ended",
            f"The last {recent} of {part.epoch} epochs lowered the loss by {(before - last) / before:.0%}, from"
            f" {before:.3g} to {last:.3g}{of_folds(found, e.history.trained)}.",
            "The most epochs allowed ended training, not a lack of progress.",
            f"Raise {e.setting}.epochs (now {part.most_epochs}) to {2 * part.most_epochs} or more.",
        )  # fmt: skip


def unfreezing(e: Evidence) -> Iterator[Finding]:
    """An encoder that is worse for having been unfrozen."""
    worse, judged = [], []
    for part in e.history.trained:
        x, y = part.epochs.at, part.epochs.column("validation/loss")
        at = part.unfrozen[0] if part.unfrozen else 0
        before, after = y[x <= at], y[x > at]
        if not at or not len(before) or len(after) < 3 or not np.isfinite(y).all():
            continue
        judged.append(part)
        if after.min() > 1.02 * before.min() and np.median(after) > 1.1 * before.min():
            worse.append((part, at, float(before.min()), float(after.min())))
    if worse and most(worse, judged):
        part, at, before_, after_ = max(worse, key=lambda f: f[3] / f[2])
        yield Finding(
            "unfreezing", "warning", "Unfreezing the encoder made it worse",
            f"Before epoch {at} ended the best validation loss was {before_:.3g}, after it never below {after_:.3g}"
            f"{of_folds(worse, judged)}.",
            "The first steps of the unfrozen encoder destroy what pretraining has put into it.",
            "Set finetune.freeze to always, or lower finetune.optimiser.learning_rate by ten times.",
        )  # fmt: skip


def data_bound(e: Evidence) -> Iterator[Finding]:
    """Steps that wait for their windows."""
    shares, speeds = [], []
    for part in e.history.trained:
        share = part.steps.column("data_share")
        shares.append(share[len(share) // 2 :])
        speeds.append(part.steps.column("windows_per_s")[len(share) // 2 :])
    late = np.concatenate(shares) if shares else np.zeros(0)
    late = late[np.isfinite(late)]
    if len(late) < 10:
        return
    typical, speed = float(np.median(late)), float(np.nanmedian(np.concatenate(speeds)))
    if typical > 0.4:
        yield Finding(
            "data-bound", "warning" if typical > 0.6 else "hint", "Training waits for its data",
            f"{typical:.0%} of the time goes into making batches; {speed:.0f} windows a second.",
            "The network stands idle for that time; a faster graphics card would not help.",
            "Put the data on a fast local disk, set pretrain.bodies.vary_shape to false, and leave a processor free for"
            " it." if e.kind == "pretrain" else
            "Put the data on a fast local disk and close what else uses the processor.",
        )  # fmt: skip


def _train(part: Part, name: str) -> Array:
    y = part.epochs.column(f"train/{name}")
    return y[np.isfinite(y)]


def _late(y: Array) -> Array:
    """The last third, three epochs at least."""
    return y[-max(3, len(y) // 3) :]


def _fall(y: Array) -> float:
    """By which share of its first epoch a loss has fallen at its lowest."""
    return float(1 - y.min() / y[0]) if len(y) >= 2 and y[0] > 0 else 1.0


def _running_median(y: Array) -> Array:
    """Median of up to 15 steps before and at each (N,)."""
    padded = np.concatenate([np.full(14, y[0]), y])
    found: Array = np.median(np.lib.stride_tricks.sliding_window_view(padded, 15), axis=1)
    return np.maximum(found, 1e-9)


def _listed(names: list[str]) -> str:
    shown = [n.replace("_", " ") for n in names]
    return ", ".join(shown[:-1]) + (" and " if len(shown) > 1 else "") + shown[-1]
