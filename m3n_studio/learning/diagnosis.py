"""What is wrong with a run, in plain words: from what it said, what came out, and its settings. Imports no torch.

Every check looks for one failure that is common, and says what was seen (in numbers), what that means and
what to try. Bounds are rules of thumb, chosen so that sound runs pass; :data:`CHECKS` is the table of
checks, each a function of :class:`Evidence`. A check that cannot tell yet says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from m3n_studio.errors import FileError
from m3n_studio.learning import diagnosis_losses as losses
from m3n_studio.learning import diagnosis_results as results
from m3n_studio.learning.config import LearningConfig
from m3n_studio.learning.diagnosis_words import SEVERITIES, Evidence, Finding
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.learning.run_history import History, read_history

__all__ = ["CHECKS", "SEVERITIES", "Diagnosis", "Evidence", "Finding", "diagnose", "diagnose_run"]

Check = Callable[[Evidence], Iterator[Finding]]

#: Name of what is looked for, and the check.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("not a number", losses.diverged),
    ("learning rate too high", losses.spikes),
    ("collapse of the embeddings", losses.collapse),
    ("one loss dominating", losses.dominating),
    ("a loss that does not move", losses.stuck),
    ("overfitting", losses.overfitting),
    ("stopped too early", losses.not_converged),
    ("unfreezing that hurts", losses.unfreezing),
    ("waiting for data", losses.data_bound),
    ("overfitting to users", results.user_apart),
    ("classes never predicted", results.never_predicted),
    ("imbalance", results.imbalance),
)


@dataclass(frozen=True)
class Diagnosis:
    """What a run suffers from.

    Attributes
    ----------
    findings : tuple of Finding
        The worst first.
    looked_for : tuple of str
        Everything that was looked for.
    epochs : int
        How many had ended when it was made, over all folds.
    """

    findings: tuple[Finding, ...]
    looked_for: tuple[str, ...] = ()
    epochs: int = 0


def diagnose(
    history: History,
    *,
    kind: str = "finetune",
    config: LearningConfig | None = None,
    metrics: Mapping[str, Any] | None = None,
    status: str = "finished",
    message: str = "",
) -> Diagnosis:
    """What a run suffers from.

    Parameters
    ----------
    history : History
    kind : {"finetune", "pretrain"}
    config : LearningConfig
        None: what needs it is not looked for.
    metrics : mapping
        Its ``metrics.json``, or scores of the folds finished so far in the same form.
    status, message : str
        As in :class:`~m3n_studio.learning.run_folder.RunState`.
    """
    evidence = Evidence(history, kind, config, metrics or {}, status, message)
    found = [finding for _, check in CHECKS for finding in check(evidence)]
    found.sort(key=lambda f: SEVERITIES.index(f.severity))
    epochs = sum(len(part.epochs) for part in history.parts.values())
    return Diagnosis(tuple(found), tuple(name for name, _ in CHECKS), epochs)


def diagnose_run(path: str | Path) -> Diagnosis:
    """What the run in a folder suffers from.

    Raises
    ------
    FileError
        Where the folder holds no run, or its description is damaged.
    """
    run = RunFolder.open(path)
    state = run.state
    try:
        config: LearningConfig | None = run.config
    except FileError:
        config = None
    return diagnose(
        read_history(path), kind=run.about.kind, config=config, metrics=run.metrics, status=state.status,
        message=state.message,
    )  # fmt: skip
