"""What a diagnosis is made of: evidence in, findings out; and how several folds are put into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from m3n_studio.learning.config import LearningConfig, OptimiserConfig
from m3n_studio.learning.run_history import History

SEVERITIES = ("problem", "warning", "hint")


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Attributes
    ----------
    code : str
        Identifies the kind of finding.
    severity : {"problem", "warning", "hint"}
        The run is of no use; of less use than it could be; something to know.
    title, seen, means, advice : str
        In one line; the numbers; what they mean; what to try.
    """

    code: str
    severity: str
    title: str
    seen: str
    means: str
    advice: str


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a diagnosis looks at; see :func:`~m3n_studio.learning.diagnosis.diagnose`."""

    history: History
    kind: str
    config: LearningConfig | None
    metrics: Mapping[str, Any]
    status: str
    message: str

    @property
    def optimiser(self) -> OptimiserConfig | None:
        """Settings of the optimiser."""
        if self.config is None:
            return None
        return self.config.pretrain.optimiser if self.kind == "pretrain" else self.config.finetune.optimiser

    @property
    def setting(self) -> str:
        """Where the optimiser's settings are, by name."""
        return "pretrain.optimiser" if self.kind == "pretrain" else "finetune.optimiser"


def of_folds(some: Sequence[object], all_: Sequence[object]) -> str:
    """``"in 2 of 5 folds"``, or nothing where there is one part only."""
    return f" in {len(some)} of {len(all_)} folds" if len(all_) > 1 else ""


def most(some: Sequence[object], all_: Sequence[object]) -> bool:
    """Whether it is so in more than half of the folds."""
    return 2 * len(some) > len(all_)
