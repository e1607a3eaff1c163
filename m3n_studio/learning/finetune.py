"""Finetuning: a classifier a fold, from a pretrained encoder or from scratch; users never in two parts of a fold.

Few labels: `labels_per_class` windows of every class are drawn from the training users, and as many
from the users who validate, so that stopping does not see more labels than learning. Classical
methods need no validation; they learn from `labels_per_class` windows of all users not tested. So
does a network whose start is in closed form (:mod:`~m3n_studio.learning.warm_start`): nobody stops it.
Where that start also learns from unlabelled windows, it is from those of everybody not tested: with
no label, or with one that was not drawn, which then is not looked at.
Normalisation is fitted on all windows of the training users, which needs no label; a pretrained
encoder sees signals in the units of its pretraining instead, unless the configuration says otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from m3n_studio.errors import Cancelled, ValueProblem
from m3n_studio.learning import checkpoints
from m3n_studio.learning.classifier_task import ClassifierTask
from m3n_studio.learning.config import LearningConfig
from m3n_studio.learning.contributed import check_encoder
from m3n_studio.learning.estimate import estimate
from m3n_studio.learning.evaluate import Predictions, evaluate, scores, write_predictions
from m3n_studio.learning.events import Remark
from m3n_studio.learning.folds import Fold, Scaler, few_labels, make_folds
from m3n_studio.learning.kept import NAME as KEPT
from m3n_studio.learning.kept import write_model
from m3n_studio.learning.loop import BEST, Fitted, derived, fit
from m3n_studio.learning.methods import DataShape, Method, find_method
from m3n_studio.learning.models.classifier import adopt
from m3n_studio.learning.pretrain import Pretrained, open_pretrained
from m3n_studio.learning.run_folder import About, RunFolder, take_up
from m3n_studio.learning.running import Tell, running
from m3n_studio.learning.trained import Trained, mean_gates
from m3n_studio.learning.warm_start import standardise, straight_of, turned, warm_start
from m3n_studio.learning.windows import Ints, Singles, Windows

_MOST_UNLABELLED = 3000


def finetune(
    path: str | Path,
    config: LearningConfig,
    windows: Windows,
    *,
    pretrained: str | Path | None = None,
    made_from: Mapping[str, str] | None = None,
    resume: bool = False,
    tell: Tell | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    accelerator: str = "auto",
) -> RunFolder:
    """Train and test a classifier on every fold, into a run's folder, or go on with the run there.

    Parameters
    ----------
    path : path
        New or empty; with `resume`, a run of the same settings, seed and data. Finished folds are kept.
    config : LearningConfig
    windows : Windows
        Cut as ``config.windows`` says.
    pretrained : path
        A pretraining run, for methods that want one.
    made_from : mapping of str to str
        Where the data came from, for people and to resume.
    resume : bool
    tell, cancelled
        Messages out, and whether to stop; asked before every step.
    accelerator : str

    Returns
    -------
    RunFolder
        Finished; :func:`~m3n_studio.learning.evaluate.evaluate` has written its ``metrics.json``.
    """
    own, method = config.finetune, find_method(config.finetune.method)
    windows = windows.only(own.placements) if own.placements else windows
    source = matching(method, config, windows, pretrained)
    folds = make_folds(windows, own.folds, seed=own.seed, validation_users=own.validation_users)
    facts = {
        "method": method.name, "classes": list(windows.classes), "placements": list(windows.placements),
        "samples": windows.samples, "rate_hz": windows.rate_hz, "folds": [f.name for f in folds],
    }  # fmt: skip
    origin = dict(made_from or {}) | ({"pretrained": str(Path(pretrained).resolve())} if pretrained else {})
    about = About("finetune", own.seed, _fingerprint(windows, pretrained), origin, facts)
    run = take_up(path, config, about, resume=resume)
    with running(run, tell) as say:
        for number, fold in enumerate(folds, start=1):
            if cancelled():
                raise Cancelled("finetuning was cancelled; it can be resumed")
            if not (run.path / "folds" / str(number) / "result.json").is_file():
                _fold(run, config, method, windows, number, fold, source, say, cancelled, accelerator)
        evaluate(path)
    return run


def _fold(
    run: RunFolder, config: LearningConfig, method: Method, windows: Windows, number: int, fold: Fold,
    source: Pretrained | None, say: Tell, cancelled: Callable[[], bool], accelerator: str,
) -> None:  # fmt: skip
    """Train and test one fold."""
    own, began, place = config.finetune, time.monotonic(), f"folds/{number}"
    seed = derived(own.seed, 5, number)
    say(Remark("fold", f"{len(fold.train)} windows to train, {len(fold.test)} to test", fold.name))
    scaler = _scaler(windows, fold, own.normalise, source)
    folder = run.checkpoints(place)
    facts: dict[str, Any] = {"fold": fold.name, "scaler": scaler.to_dict()}
    run.write_json(f"{place}/fold.json", facts)  # who predicts before the fold ends needs it
    tested = windows.take(fold.test)
    if method.family == "classical":
        train = few_labels(windows, fold.fitting, own.labels_per_class, seed=own.seed)
        estimator = method.estimator(seed)
        write_model(run.path / place / KEPT, estimator.fit(windows, train))
        probability = np.asarray(estimator.probabilities(tested), dtype=np.float32)
        gates: Singles = np.zeros((len(tested), 0), dtype=np.float32)
    else:
        network = build(method, config, windows, seed)
        if source is not None:
            adopt(network.encoder, source.model.state_dict())
        warm = own.warm_start.use and source is not None and straight_of(network) is not None
        users = replace(fold, train=fold.fitting, validation=fold.fitting[:0]) if warm else fold
        chosen = replace(
            users,
            train=few_labels(windows, users.train, own.labels_per_class, seed=own.seed),
            validation=few_labels(windows, users.validation, own.labels_per_class, seed=own.seed),
        )
        normal = replace(windows, imu=scaler.apply(windows.imu, windows.mask))
        train = chosen.train
        if straight_of(network) is not None:
            standardise(network, normal, users.train)
        if warm:
            rng = np.random.default_rng([seed, 1])
            copies = [turned(windows.imu[train], own.warm_start.turn_deg, rng) for _ in range(own.warm_start.copies)]
            warm_start(
                network, normal, train, own.warm_start, unlabelled=_unlabelled(users, train, rng),
                copies=[scaler.apply(imu, windows.mask[train]) for imu in copies],
            )  # fmt: skip
        fitted = _trained(config, network, normal, chosen, source is not None, warm, folder, seed, number, say,
                          cancelled, accelerator)  # fmt: skip
        probability, of_tokens = Trained(network, scaler, windows.classes, windows.placements).run(tested)
        gates = mean_gates(of_tokens)
        facts |= {
            "warm_start": warm,
            "epochs": fitted.epochs,
            "best_epoch": fitted.best_epoch,
            "history": [dict(h) for h in fitted.history],
        }
    found = Predictions(probability, tested.label, fold.test, tested.subject, tested.recording, tested.start_s, gates)
    write_predictions(run.path / place / "predictions.npz", found)
    reached = scores(probability, tested.label, windows.classes)
    facts |= {"macro_f1": reached.macro_f1, "trained_on": len(train), "seconds": time.monotonic() - began}
    run.write_json(f"{place}/result.json", facts)
    say(Remark("fold", f"macro F1 {100 * reached.macro_f1:.1f}", fold.name, {"macro_f1": reached.macro_f1}))


def _unlabelled(users: Fold, train: Ints, rng: np.random.Generator) -> Ints:
    """Windows of those not tested that are not learned from by their label, at most some thousands."""
    found = np.union1d(np.setdiff1d(users.train, train), users.unlabelled)
    return found if len(found) <= _MOST_UNLABELLED else np.sort(rng.choice(found, _MOST_UNLABELLED, replace=False))


def _trained(
    config: LearningConfig, network: Any, windows: Windows, fold: Fold, pretrained: bool, warm: bool, folder: Path,
    seed: int, number: int, say: Tell, cancelled: Callable[[], bool], accelerator: str,
) -> Fitted:  # fmt: skip
    """Train a network that is built and begun; a probe begun in closed form is finished as it is."""
    own = config.finetune
    probe = warm and not hasattr(network, "head")
    freeze = "never" if not pretrained else "always" if probe else own.freeze
    optimiser = own.warm_start.refine if warm else own.optimiser
    task = ClassifierTask(network, windows, fold, own, freeze, optimiser, warm)
    if probe:
        checkpoints.save(folder / BEST, {"model": network.state_dict(), "epoch": 0, "loss": 0.0})
        return Fitted(0, 0, 0.0, ())
    if number == 1:
        cost = estimate(task, seed)
        say(Remark("estimate", cost.text(optimiser.epochs), fold.name, vars(cost)))
        cost.check()
    return fit(task, optimiser, folder, seed=seed, part=fold.name, tell=say, cancelled=cancelled,
               accelerator=accelerator)  # fmt: skip


def _scaler(windows: Windows, fold: Fold, normalise: str, source: Pretrained | None) -> Scaler:
    if source is None or normalise == "fitted":
        return Scaler.fit(windows, fold.train)
    at = [source.placements.index(p) for p in windows.placements]
    return Scaler(source.scaler.mean[at], source.scaler.std[at])


def build(method: Method, config: LearningConfig, windows: Windows, seed: int) -> Any:
    """A method's network with weights drawn by seed; the caller's generator stays as it is."""
    with torch.random.fork_rng():
        torch.manual_seed(derived(seed, 4))
        return method.network(config.model, DataShape(windows.samples, windows.placements, len(windows.classes)))


def matching(method: Method, config: LearningConfig, windows: Windows, path: str | Path | None) -> Pretrained | None:
    """The pretrained model a method wants; `ValueProblem` where it does not go with settings or windows."""
    check_encoder(method, config)
    if not method.pretrained:
        if path is not None:
            raise ValueProblem(f"{method.name} learns from scratch; it takes no pretrained run")
        return None
    if path is None:
        raise ValueProblem(f"{method.name} needs a pretrained run; `base` is the same network from scratch")
    found = open_pretrained(path)
    if abs(found.rate_hz - windows.rate_hz) > 1e-6 or found.samples != windows.samples:
        raise ValueProblem(
            f"windows are {windows.samples} samples at {windows.rate_hz:g} Hz, those of pretraining "
            f"{found.samples} at {found.rate_hz:g} Hz; they must be the same"
        )
    ours, theirs = config.model.imu.kind, found.config.model.imu.kind
    if ours != theirs:
        raise ValueProblem(f"model.imu.kind is {ours!r}, that of pretraining {theirs!r}; they must be the same")
    lacking = [p for p in windows.placements if p not in found.placements]
    if lacking:
        raise ValueProblem(f"{lacking[0]} was not pretrained; {', '.join(found.placements)} were")
    return found


def _fingerprint(windows: Windows, pretrained: str | Path | None) -> str:
    return windows.fingerprint() + (f"+{RunFolder.open(pretrained).about.data}" if pretrained else "")
