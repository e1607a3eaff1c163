"""What to label next in a project, by what a finetuning run says of its sessions; the window ranks the same way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from m3n_studio.annotation.said import Labelled, Said
from m3n_studio.annotation.suggest import Suggestion, confident, next_to_label
from m3n_studio.errors import ValueProblem
from m3n_studio.learning.run_folder import RunFolder
from m3n_studio.project.training_data import labelled_recordings

if TYPE_CHECKING:
    from m3n_studio.project.reading import ProjectReader


def suggested(
    project: ProjectReader, run: str | Path, *, tier: str = "", most: int = 20, sure: float = 0.0,
    tell: Callable[[str], None] = lambda text: None, cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Suggestion, ...]:  # fmt: skip
    """Stretches without a label, best first; `session` of each is ``subject/session``.

    Parameters
    ----------
    run : path
        A finetuning run; sessions without one of its placements are told of and left out.
    tier : str
        As of :func:`~m3n_studio.project.training_data.labelled_recordings`.
    most : int
    sure : float
        0: what is most worth a label; else what is of one class at least this probable throughout.
    tell : callable of str
        Told what is left out, and why.
    """
    from m3n_studio.learning.predict import predict

    wanted = tuple(RunFolder.open(run).about.facts.get("placements", ()))
    said: list[Said] = []
    classes: tuple[str, ...] = ()
    for recording in labelled_recordings(project, tier, cancelled=cancelled):
        signals = {place: signal for place, signal in recording.signals.items() if place in wanted}
        if not signals:
            tell(f"left out: {recording.name} has {', '.join(recording.signals)}; the run knows {', '.join(wanted)}")
            continue
        try:
            found = predict(run, signals, cancelled=cancelled)
        except ValueProblem as error:
            tell(f"left out: {recording.name}: {error}")
            continue
        classes = found.classes
        labels = tuple(Labelled(*span) for span in recording.labels)
        said.append(Said(recording.name, found.time_s, found.hop_s, found.probability, labels))
    if sure:
        return confident(said, classes, least=sure, most=most)
    return next_to_label(said, classes, most=most)
