"""From folders of motions and a configuration to the batches of a pretraining: training, validation, what to know.

Windows are drawn anew every epoch; or they are read from one file into which they were drawn once
(:mod:`~m3n_studio.learning.triple_cache`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from m3n_studio.errors import FileError, ValueProblem
from m3n_studio.learning.batches import BatchSource
from m3n_studio.learning.config import LearningConfig
from m3n_studio.learning.division import held_out, some_of
from m3n_studio.learning.motion_set import MotionSet, Progress, load_motions
from m3n_studio.learning.text import Embedded, embed, read_templates
from m3n_studio.learning.triple_cache import CachedBatches, CachedTriples
from m3n_studio.learning.triples import TripleBatches, TripleDrawer

#: Endings of a file of triples.
STORED = (".h5", ".hdf5")


@dataclass(frozen=True, eq=False)
class MotionBatches:
    """Batches of a pretraining.

    Attributes
    ----------
    train : BatchSource
    validation : BatchSource or None
    notes : tuple of str
        What was left out, and which sentence encoder took the place of another.
    """

    train: BatchSource
    validation: BatchSource | None
    notes: tuple[str, ...]


def motion_batches(
    folders: str | Path | Sequence[str | Path], config: LearningConfig, *, cache: Path | None = None,
    progress: Progress | None = None, cancelled: Callable[[], bool] = lambda: False,
) -> MotionBatches:  # fmt: skip
    """Read motions, or one file of triples, and make both sources; `cache` is a folder for vectors of sentences."""
    each = [Path(folders)] if isinstance(folders, str | Path) else [Path(f) for f in folders]
    stored = [path for path in each if path.suffix in STORED and path.is_file()]
    if stored and len(each) > 1:
        raise ValueProblem(f"{stored[0]} holds windows that are drawn already: it is learned from alone")
    if stored:
        return stored_batches(stored[0], config, cache=cache)
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


def stored_batches(path: str | Path, config: LearningConfig, *, cache: Path | None = None) -> MotionBatches:
    """The same from a file of triples, divided by the files of motions they were drawn from.

    Raises
    ------
    FileError
        Where the file is no file of triples, or its windows are not those the configuration asks for.
    """
    cached, own, spec = CachedTriples(path), config.pretrain, config.windows
    found = (cached.placements, cached.rate_hz, cached.samples)
    if found != (spec.placements, spec.rate_hz, spec.samples):
        raise FileError(
            path, field="windows", found=f"{', '.join(found[0])} at {found[1]:g} Hz, {found[2]} samples",
            expected=f"{', '.join(spec.placements)} at {spec.rate_hz:g} Hz, {spec.samples} samples",
        )  # fmt: skip
    embedded = embed(cached.sentences, config.text, cache)
    known = frozenset(cached.groups.tolist())
    held = held_out(known, own.validation, seed=own.seed)
    kept = some_of(known - held, own.share, seed=own.seed)
    batch = own.optimiser.batch
    train = CachedBatches(cached, embedded, batch, groups=kept)
    validation = CachedBatches(cached, embedded, batch, groups=held) if held else None
    notes = [
        f"windows as they were drawn into {Path(path).name}: {cached.epochs} epochs, whatever pretrain.bodies says"
    ]
    if validation is not None and not validation.windows:
        notes.append("the motions set aside for validation have no window; the training loss is watched")
        validation = None
    if not train.windows:
        raise FileError(path, found="no window of the motions that train", expected="some")
    return MotionBatches(train, validation, (*notes, *([embedded.note] if embedded.note else [])))


def _source(motions: MotionSet, embedded: Embedded, config: LearningConfig) -> TripleBatches:
    drawer = TripleDrawer(motions, config.windows, config.pretrain.bodies)
    return TripleBatches(drawer, embedded, config.pretrain.optimiser.batch)
