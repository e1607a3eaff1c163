"""What is to be trained, as a value: it can be queued, trained here or in a child, taken up again, looked at. No Qt."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from m3n_studio.errors import ValueProblem

if TYPE_CHECKING:
    from m3n_studio.learning.config import LearningConfig

Kind = Literal["pretrain", "finetune"]
PROJECT = "project.sqlite"


@dataclass(frozen=True)
class RunOrder:
    """One run that is wanted.

    Attributes
    ----------
    kind : {"pretrain", "finetune"}
    path : Path
        Of the run's folder.
    config : LearningConfig
    data, tier : str
        Of a finetuning: what it learns from (a project's folder, as a rule), and the tier of its labels.
    without : tuple of str
        Subjects that take no part.
    pretrained : str
        Folder of the pretraining run; empty for methods that want none.
    motions : tuple of str
        Of a pretraining: folders and files.
    apart : bool
        In a process of its own.
    resume : bool
        The run is there and is gone on with.
    """

    kind: Kind
    path: Path
    config: LearningConfig
    data: str = ""
    tier: str = ""
    without: tuple[str, ...] = ()
    pretrained: str = ""
    motions: tuple[str, ...] = ()
    apart: bool = False
    resume: bool = False

    @property
    def method(self) -> str:
        """Name of its method."""
        return self.config.finetune.method

    def on(self) -> RunOrder:
        """The same, gone on with where it has begun."""
        return replace(self, resume=True)


def made_from(order: RunOrder) -> dict[str, str]:
    """What the run's folder says of where its data came from; as the command line writes it."""
    if order.kind == "pretrain":
        return {"motion": "\n".join(str(Path(m).resolve()) for m in order.motions)}
    return {"data": str(Path(order.data).resolve()), "tier": order.tier, "without": "\n".join(order.without)}


def order_of(path: str | Path, *, apart: bool = False) -> RunOrder:
    """How to go on with the run in a folder.

    Raises
    ------
    M3nError
        Where there is none, or what it learned from is not there any more.
    """
    from m3n_studio.learning.run_folder import RunFolder

    run = RunFolder.open(path)
    about, origin = run.about, {str(k): str(v) for k, v in run.about.made_from.items()}
    if about.kind == "pretrain":
        motions = tuple(m for m in origin.get("motion", "").split("\n") if m)
        _there(run.path, motions or ("",), "the motions")
        return RunOrder("pretrain", run.path, run.config, motions=motions, apart=apart, resume=True)
    if about.kind != "finetune":
        raise ValueProblem(f"{run.path}: a run of kind {about.kind!r}; expected pretrain or finetune")
    home = run.path.resolve().parent  # a project that was moved or copied has its runs and data with it
    data = _moved(origin.get("data", ""), home.parent if (home.parent / PROJECT).is_file() else None)
    pretrained = origin.get("pretrained", "")
    pretrained = _moved(pretrained, home / Path(pretrained).name)
    _there(run.path, (data,), "the data")
    if pretrained:
        _there(run.path, (pretrained,), "the pretrained run")
    return RunOrder(
        "finetune", run.path, run.config, data, origin.get("tier", ""),
        tuple(s for s in origin.get("without", "").split("\n") if s), pretrained,
        apart=apart or not (Path(data) / PROJECT).is_file(), resume=True,
    )  # fmt: skip


def _moved(path: str, instead: Path | None) -> str:
    """A path, or where it is now if it is there no more."""
    return str(instead) if path and instead is not None and not Path(path).exists() and instead.exists() else path


def _there(run: Path, paths: Collection[str], what: str) -> None:
    for path in paths:
        if not path or not Path(path).exists():
            raise ValueProblem(f"{run.name}: {what} it was made from, {path or '(not said)'}, cannot be found;"
                               " put it back there to go on")  # fmt: skip


def free_name(home: Path, kind: str, method: str, day: str, taken: Collection[str] = ()) -> Path:
    """A folder for a new run, e.g. ``finetune-base-2026-03-01``, numbered where that is taken."""
    stem = f"{kind}-{method}-{day}"
    number, name = 1, stem
    while name in taken or (home / name).exists():
        number += 1
        name = f"{stem}-{number}"
    return home / name


def arguments(order: RunOrder, config: Path) -> list[str]:
    """The same order for the command line, its settings read from a file."""
    said = [order.kind, "--out", str(order.path), "--preset", str(config), "--method", order.method]
    if order.kind == "pretrain":
        for motion in order.motions:
            said += ["--motion", motion]
    else:
        own = order.config.finetune
        said += ["--data", order.data, "--freeze", own.freeze, "--folds", own.folds, "--labels",
                 str(own.labels_per_class)]  # fmt: skip
        for option, value in (("--tier", order.tier), ("--pretrained", order.pretrained)):
            said += [option, value] if value else []
        for subject in order.without:
            said += ["--without", subject]
    return said + (["--resume"] if order.resume and (order.path / "run.json").is_file() else [])
