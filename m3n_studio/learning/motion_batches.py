"""From folders of motions and a configuration to the batches of a pretraining: training, validation, what to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from m3n_studio.errors import ValueProblem
from m3n_studio.learning.config import LearningConfig
from m3n_studio.learning.motion_set import MotionSet, Progress, load_motions
from m3n_studio.learning.text import Embedded, embed, read_templates
from m3n_studio.learning.triples import TripleBatches, TripleDrawer


@dataclass(frozen=True, eq=False)
class MotionBatches:
    """Batches of a pretraining.

    Attributes
    ----------
    train : TripleBatches
    validation : TripleBatches or None
    notes : tuple of str
        What was left out, and which sentence encoder took the place of another.
    """

    train: TripleBatches
    validation: TripleBatches | None
    notes: tuple[str, ...]


def motion_batches(
    folders: str | Path | Sequence[str | Path], config: LearningConfig, *, cache: Path | None = None,
    progress: Progress | None = None, cancelled: Callable[[], bool] = lambda: False,
) -> MotionBatches:  # fmt: skip
    """Read motions and make both sources; `cache` is a folder for vectors of sentences."""
    templates = read_templates(config.text.templates)
    mirrored = config.pretrain.bodies.mirror
    found = load_motions(folders, config.windows, templates=templates, mirrored=mirrored, progress=progress,
                         cancelled=cancelled)  # fmt: skip
    return batches_of(found, config, cache=cache)


def batches_of(motions: MotionSet, config: LearningConfig, *, cache: Path | None = None) -> MotionBatches:
    """The same from motions that are read already.

    Files to validate on are set aside first, the share is taken of the others: whatever the share,
    validation is the same.
    """
    own = config.pretrain
    kept, held = motions.split(own.validation, seed=own.seed)
    kept = kept.shared(own.share, seed=own.seed)
    embedded = embed(motions.sentences, config.text, cache)
    notes = [f"left out {s.name}: {s.reason}" for s in motions.skipped] + ([embedded.note] if embedded.note else [])
    train = _source(kept, embedded, config)
    if not train.drawer.windows:
        raise ValueProblem(f"no motion has a window of {config.windows.length_s} s with words for it")
    validation = None if held is None else _source(held, embedded, config)
    if validation is not None and not validation.drawer.windows:
        notes.append("the motions set aside for validation have no window; the training loss is watched")
        validation = None
    return MotionBatches(train, validation, tuple(notes))


def _source(motions: MotionSet, embedded: Embedded, config: LearningConfig) -> TripleBatches:
    drawer = TripleDrawer(motions, config.windows, config.pretrain.bodies)
    return TripleBatches(drawer, embedded, config.pretrain.optimiser.batch)
