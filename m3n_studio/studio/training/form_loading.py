"""What the form is made from, loaded in a job: configurations import pydantic, for which no window waits. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m3n_studio.learning.config import WindowSpec
    from m3n_studio.learning.methods import Method
    from m3n_studio.studio.training.draft import Draft

_ORDER = ("smoke", "small", "paper")


@dataclass(frozen=True)
class Known:
    """What can be chosen.

    Attributes
    ----------
    presets : tuple of str
    methods : mapping of str to Method
    drafts : mapping of str to Draft
        One a kind of run.
    """

    presets: tuple[str, ...]
    methods: Mapping[str, Method]
    drafts: Mapping[str, Draft]

    def spec(self) -> WindowSpec:
        """How windows are cut for finetuning; the default where the form says nothing valid."""
        from m3n_studio.learning.config import WindowSpec

        config = self.drafts["finetune"].config
        return config.windows if config is not None else WindowSpec()


def load_known(preset: str = "small") -> Known:
    """Presets, methods, and drafts that begin from a preset."""
    from m3n_studio.learning.config import load_preset, preset_names
    from m3n_studio.learning.methods import methods
    from m3n_studio.studio.training.draft import Draft

    names = sorted(preset_names(), key=lambda n: _ORDER.index(n) if n in _ORDER else len(_ORDER))
    drafts = {kind: Draft(load_preset(preset)) for kind in ("finetune", "pretrain")}
    return Known(tuple(names), methods(), drafts)
