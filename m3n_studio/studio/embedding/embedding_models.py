"""The models whose spaces are shown: a pretrained one, or the classifier of one fold. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio.errors import ValueProblem
from m3n_studio.studio.core.jobs import Task

if TYPE_CHECKING:
    from m3n_studio.learning.embed import Embeddings
    from m3n_studio.learning.trained import Trained
    from m3n_studio.learning.windows import Windows

DEMO = "demo"
_BATCH = 128


@dataclass(frozen=True)
class Query:
    """What to show.

    Attributes
    ----------
    run : str
        Folder of a pretraining run, or of a finetuning one.
    fold : int
        Whose classifier, from 1; 0 for a pretraining run.
    real : bool
        The project's windows.
    motions : str
        Folders or files, one a line; ``"demo"`` the bundled ones; empty: none.
    each_placement : bool
        A point for every placement; else their mean.
    classes : tuple of str
        Classes whose sentences are shown with the project's windows.
    """

    run: str
    fold: int = 0
    real: bool = True
    motions: str = DEMO
    each_placement: bool = False
    classes: tuple[str, ...] = ()


class Joint:
    """A pretrained model; opened when something has to be worked out."""

    def __init__(self, query: Query) -> None:
        from m3n_studio.learning.run_folder import RunFolder

        self.config = RunFolder.open(query.run).config
        self.spec = self.config.windows
        self.classes: tuple[str, ...] = ()
        self._query = query

    def windows(self, windows: Windows, tell: Callable[[int, int], None], task: Task) -> Embeddings:
        """Real windows in its space."""
        from m3n_studio.learning.embed import embed_windows
        from m3n_studio.learning.pretrain import open_pretrained
        from m3n_studio.learning.text import read_templates

        of, templates = open_pretrained(self._query.run), read_templates(self.config.text.templates)
        said = {name: templates.sentences(name) for name in windows.classes}
        return embed_windows(of, windows, said, cache=_sentence_cache(), progress=tell, cancelled=task.cancelled)

    def motions(self, folders: list[Path], tell: Callable[[int, int], None], task: Task) -> Embeddings:
        """Synthetic windows of motions in its space, with all else it has a place for."""
        from m3n_studio.learning.embed import embed_motions
        from m3n_studio.learning.pretrain import open_pretrained

        of = open_pretrained(self._query.run)
        found = _motion_set(folders, self.config, self.spec, tell, task)
        return embed_motions(of, found, cache=_sentence_cache(), progress=lambda a, b: tell(b + a, 2 * b),
                             cancelled=task.cancelled)  # fmt: skip


class Classifier:
    """The classifier of one fold: its `embedding`, what it says, its strongest expert."""

    def __init__(self, query: Query) -> None:
        from m3n_studio.learning.run_folder import RunFolder

        run = RunFolder.open(query.run)
        facts = run.about.facts
        self.config = run.config
        placements = tuple(str(p) for p in facts.get("placements", ()))
        self.spec = run.config.windows.with_({"placements": placements, "missing": "mask"})
        self.classes = tuple(str(c) for c in facts.get("classes", ()))
        self._query = query

    def _network(self) -> Trained:
        """The fold's classifier; `ValueProblem` where the method has no space of its own."""
        from m3n_studio.learning.trained import Trained, open_classifiers

        found = open_classifiers(self._query.run, (self._query.fold,))[0]
        if not isinstance(found, Trained):
            raise ValueProblem("this method has no embedding; choose a run of a network")
        return found

    def windows(self, windows: Windows, tell: Callable[[int, int], None], task: Task) -> Embeddings:
        """Real windows in its space."""
        of = self._network()
        vector, about = _embedded(of, windows.imu, windows.mask, tell, task)
        return _as_file("recordings", vector, windows.recording, windows.subject, windows.start_s, (), None, about)

    def motions(self, folders: list[Path], tell: Callable[[int, int], None], task: Task) -> Embeddings:
        """Synthetic windows of motions in its space, with all else it has a place for."""
        from m3n_studio.learning.triples import Choice, TripleDrawer

        of = self._network()
        found = _motion_set(folders, self.config, self.spec, tell, task)
        drawer = TripleDrawer(found, self.spec, self.config.pretrain.bodies)
        grid = drawer.grid()
        imu, topic = [], []
        for number, a in enumerate(range(0, len(grid.clip), _BATCH)):
            task.check()
            part = slice(a, a + _BATCH)
            drawn = drawer.draw(Choice(grid.clip[part], grid.start[part]), 0, number)
            imu.append(drawn.imu)
            topic.append(drawn.topic)
        signals = np.concatenate(imu)
        vector, about = _embedded(of, signals, np.ones(signals.shape[:2], dtype=bool), lambda a, b: tell(b + a, 2 * b),
                                  task)  # fmt: skip
        names = np.array([found.clips[c].name for c in grid.clip])
        return _as_file("motions", vector, names, np.full(len(names), ""), grid.start / found.rate_hz, drawer.topics,
                        np.concatenate(topic), about)  # fmt: skip


def _embedded(
    of: Any, imu: NDArray[np.float32], mask: NDArray[np.bool_], tell: Callable[[int, int], None], task: Task
) -> tuple[NDArray[np.float32], dict[str, list[int]]]:
    """A classifier's embedding (N, D) of windows, and the class and the expert that are strongest."""
    from m3n_studio.learning.trained_space import features

    task.check()
    vector, probability, gates = features(of, imu, mask, progress=tell, cancelled=task.cancelled)
    expert = gates.argmax(axis=1).tolist() if gates.shape[1] else [-1] * len(vector)
    return vector, {"predicted": probability.argmax(axis=1).tolist(), "expert": expert}


def _as_file(
    kind: str, vector: NDArray[np.float32], name: NDArray[np.str_], subject: NDArray[np.str_],
    start_s: NDArray[np.float64], topics: tuple[str, ...], topic: NDArray[np.int64] | None, about: dict[str, Any],
) -> Embeddings:  # fmt: skip
    from m3n_studio.learning.embed import Embeddings

    n = len(vector)
    return Embeddings(
        kind, vector[:, None], np.ones((n, 1), dtype=bool), None, None, (), np.zeros(0, dtype=np.int64), topics,
        np.full(n, -1) if topic is None else topic, name, subject, start_s, ("all",), about,
    )  # fmt: skip


def _motion_set(folders: list[Path], config: Any, spec: Any, tell: Callable[[int, int], None], task: Task) -> Any:
    from m3n_studio.learning.motion_set import load_motions
    from m3n_studio.learning.text import read_templates

    templates = read_templates(config.text.templates)
    return load_motions(folders, spec, templates=templates, progress=lambda done, total, _: tell(done, 2 * total),
                        cancelled=task.cancelled)  # fmt: skip


def _sentence_cache() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("m3n-studio", appauthor=False)) / "sentences"
