"""Studies: a grid of methods and conditions, each cell finetuned and tested on its own, resumably.

A plan is a TOML file::

    version = 1
    name = "watches"              # what the data set is called in tables; the paper's numbers stand beside its own
    data = "../sp_sw_har"         # a project, or a folder of tables; relative to the file
    out = "study"                 # folder for cells, runs and tables
    preset = "small"
    pretrain_seeds = "one"        # one pretraining for all seeds, or "each" seed its own

    [pretraining]                 # sets of motions by name; several folders make one set
    bandai = ["../bandai_motion"]

    [grid]
    methods = ["minirocket", "deepconvlstm", "base", "multi3net_plus"]
    pretraining = ["bandai"]
    share = [1.0]                 # of the motions
    freeze = ["until-plateau"]    # always: the paper's frozen; until-plateau: its not frozen
    wrists = ["left"]
    experts = [8]
    labels = [0, 50, 10, 5]       # labelled windows a class; 0 for all
    seeds = [0, 1, 2, 3, 4]

    [settings]                    # any other setting, by dotted name
    "finetune.optimiser.epochs" = 60

What does not concern a method makes no cells of its own: a method from scratch has no pretraining,
only Multi3Net+ has experts. A finished cell is a file named by all that decides it, data included,
and is never computed twice.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from m3n_studio.atomic import atomic
from m3n_studio.errors import Cancelled, FileError
from m3n_studio.learning.config import LearningConfig, load_preset
from m3n_studio.learning.contributed import check_encoder, check_weights
from m3n_studio.learning.methods import Method, find_method
from m3n_studio.learning.settings import SettingProblem, Settings, setting
from m3n_studio.learning.study_marks import for_pretraining, objectives_told, settings_mark, told
from m3n_studio.learning.windows import LabelledRecording, Windows, cut_to_learn

WRISTS = {"left": ("left_wrist",), "right": ("right_wrist",), "both": ("left_wrist", "right_wrist")}
_LARGEST = 1_000_000
_MIXED = "multi3net_plus"

Load = Callable[[str], list[LabelledRecording]]


class Grid(Settings):
    """What is varied; every combination that makes sense is a cell."""

    methods: tuple[str, ...] = setting(("base",), "Names of methods", min_length=1)
    pretraining: tuple[str, ...] = setting((), "Names of sets of motions")
    share: tuple[float, ...] = setting((1.0,), "Shares of the motions", min_length=1)
    freeze: tuple[Literal["never", "always", "until-plateau"], ...] = setting(
        ("until-plateau",), "What happens to the encoder", min_length=1
    )
    wrists: tuple[Literal["left", "right", "both"], ...] = setting(("left",), "Wrists worn", min_length=1)
    experts: tuple[int, ...] = setting((8,), "Experts of Multi3Net+", min_length=1)
    labels: tuple[int, ...] = setting((0,), "Labelled windows a class; 0 for all", min_length=1)
    seeds: tuple[int, ...] = setting((0,), "Seeds", min_length=1)


class PlanFile(Settings):
    """A plan as its file says it."""

    version: Literal[1] = setting(1, "Of this layout")
    name: str = setting("study", "Of the data set, for tables")
    data: str = setting("", "A project's folder, or one of phone and watch tables")
    tier: str = setting("", "Which tier of a project")
    out: str = setting("study", "Folder for everything")
    preset: str = setting("small", "Preset")
    pretrain_seeds: Literal["one", "each"] = setting("one", "One pretraining for all seeds, or each seed its own")
    pretraining: dict[str, tuple[str, ...]] = setting({}, "Sets of motions")
    grid: Grid = setting(Grid, "What is varied")
    settings: dict[str, Any] = setting({}, "Other settings by dotted name")


@dataclass(frozen=True)
class Plan:
    """A plan with its paths resolved and its settings checked."""

    file: PlanFile
    data: str
    out: Path
    motions: Mapping[str, tuple[Path, ...]]
    config: LearningConfig

    @property
    def tier(self) -> str:
        """Which tier of a project is learned."""
        return self.file.tier


@dataclass(frozen=True)
class Cell:
    """One thing to train and test; what does not concern its method has no value (empty or 0)."""

    method: str
    pretraining: str
    share: float
    freeze: str
    wrists: str
    experts: int
    labels: int
    seed: int

    @property
    def name(self) -> str:
        """For files and people."""
        parts = [self.method]
        if self.pretraining:
            parts += [self.pretraining, f"{100 * self.share:g}%", self.freeze]
        parts += [f"{self.experts}x"] if self.experts else []
        parts += [self.wrists, f"{self.labels or 'all'}", f"s{self.seed}"]
        return re.sub(r"[^A-Za-z0-9_.%-]+", "-", "_".join(parts))


def read_plan(path: str | Path) -> Plan:
    """A plan from its file.

    Raises
    ------
    FileError
        Naming the entry at fault.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise FileError(path, found="more than 1 MB", expected="a study's plan")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise FileError(path, found=f"it cannot be read ({error})", expected="a study's plan in TOML") from error
    try:
        file = PlanFile.parse(data)
        config = load_preset(file.preset, file.settings)
    except SettingProblem as error:
        raise FileError(path, field=error.field, found=str(error)) from error
    if not file.data:
        raise FileError(path, field="data", found="nothing", expected="a project, a recipe or a folder of recordings")
    for name in file.grid.methods:
        check_encoder(find_method(name), config)
        if find_method(name).pretrained and not file.grid.pretraining:
            raise FileError(path, field="grid.pretraining", found="no set of motions", expected=f"one; {name} needs it")
    for name in file.grid.pretraining:
        if name not in file.pretraining:
            raise FileError(path, field="grid.pretraining", found=repr(name),
                            expected=f"one of {', '.join(file.pretraining) or '(none)'}")  # fmt: skip
    check_weights(config, *map(find_method, file.grid.methods))
    here = path.resolve().parent
    motions = {name: tuple(here / folder for folder in folders) for name, folders in file.pretraining.items()}
    return Plan(file, str(here / file.data), here / file.out, motions, config)


def cells(plan: Plan) -> list[Cell]:
    """Every cell once, seeds outermost, so that an early look at a study sees every method."""
    grid = plan.file.grid
    found: dict[Cell, None] = {}
    for seed, labels, wrists, method in product(grid.seeds, grid.labels, grid.wrists, grid.methods):
        experts = grid.experts if method == _MIXED else (0,)
        before = (
            list(product(grid.pretraining, grid.share, grid.freeze))
            if find_method(method).pretrained
            else [("", 0.0, "")]
        )
        for (name, share, freeze), count in product(before, experts):
            found[Cell(method, name, share, freeze, wrists, count, labels, seed)] = None
    return list(found)


def run_study(
    plan: Plan, load: Load, *, tell: Callable[[str], None] = lambda _: None, cache: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[dict[str, Any]]:  # fmt: skip
    """Compute what is not there yet; results of all cells.

    Parameters
    ----------
    plan : Plan
    load : callable
        From the plan's data to recordings.
    tell : callable of str
        A line a cell.
    cache : path
        For vectors of sentences.
    cancelled : callable returning bool
        Asked before every step; the study goes on from there next time.
    """
    plan.out.mkdir(parents=True, exist_ok=True)
    windows = cut_to_learn(load(plan.data), plan.config)
    todo = cells(plan)
    work = _Work(plan, windows, cache, tell, cancelled)
    for number, cell in enumerate(todo, start=1):
        path = work.path(cell)
        if path.is_file():
            continue
        if cancelled():
            raise Cancelled("the study was cancelled; what is finished is kept")
        began = time.monotonic()
        result = work.compute(cell)
        with atomic(path) as part:
            part.write_text(json.dumps(result, indent=1), encoding="utf-8")
        tell(f"{number}/{len(todo)} {cell.name}: macro F1 {100 * result['mean']:.1f}, {time.monotonic() - began:.0f} s")
    return results(plan)


def results(plan: Plan) -> list[dict[str, Any]]:
    """Results of the finished cells of the plan, whatever else lies in its folder."""
    wanted = {json.dumps(asdict(cell), sort_keys=True) for cell in cells(plan)}
    found = []
    for path in sorted((plan.out / "cells").glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            known = json.dumps(result["cell"], sort_keys=True) in wanted and result["settings"] == _settings_mark(
                plan, find_method(result["cell"]["method"])
            )
            if known and isinstance(result["mean"], float):
                found.append(result)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise FileError(
                path, found=f"it cannot be read ({error})", expected="a result; delete it to compute it anew"
            ) from error
    return found


class _Work:
    """Computes cells; pretraining runs are shared between them."""

    def __init__(
        self,
        plan: Plan,
        windows: Windows,
        cache: Path | None,
        tell: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self.plan, self.windows, self.cache, self.tell, self.cancelled = plan, windows, cache, tell, cancelled
        self.data = windows.fingerprint()
        for folder in ("cells", "runs", "pretrained"):
            (plan.out / folder).mkdir(exist_ok=True)
        self._motions: dict[str, Any] = {}

    def path(self, cell: Cell) -> Path:
        """The file of a finished cell."""
        key = json.dumps(
            [asdict(cell), self._mark(cell), self.data, list(map(str, self.plan.motions.get(cell.pretraining, ())))]
        )
        return self.plan.out / "cells" / f"{cell.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.json"

    def compute(self, cell: Cell) -> dict[str, Any]:
        """Pretrain where needed, finetune, test."""
        from m3n_studio.learning.finetune import finetune

        config = self.config(cell)
        pretrained = self.pretrained(cell) if cell.pretraining else None
        whole = hashlib.sha256(json.dumps(told(config)).encode()).hexdigest()[:6]
        place = self.plan.out / "runs" / f"{self.path(cell).stem}-{whole}"  # a run goes on with all of its settings
        run = finetune(place, config, self.windows, pretrained=pretrained, made_from={"data": self.plan.data},
                       resume=place.exists(), cancelled=self.cancelled)  # fmt: skip
        metrics = run.metrics
        return {
            "cell": asdict(cell), "settings": self._mark(cell), "data": self.data, "run": place.name,
            "mean": metrics["mean"]["macro_f1"], "std": metrics["std"]["macro_f1"],
            "pooled": metrics["pooled"]["macro_f1"], "folds": [f["macro_f1"] for f in metrics["folds"]],
        }  # fmt: skip

    def _mark(self, cell: Cell) -> str:
        return _settings_mark(self.plan, find_method(cell.method))

    def config(self, cell: Cell) -> LearningConfig:
        """The settings of a cell."""
        changes: dict[str, Any] = {
            "finetune.method": cell.method, "finetune.placements": WRISTS[cell.wrists], "finetune.seed": cell.seed,
            "finetune.labels_per_class": cell.labels,
        }  # fmt: skip
        if cell.pretraining:
            changes["finetune.freeze"] = cell.freeze
        if cell.experts:
            changes["model.classifier.experts"] = cell.experts
        return self.plan.config.with_(changes)

    def pretrained(self, cell: Cell) -> Path:
        """The pretraining run a cell needs, made or gone on with where it is not finished."""
        from m3n_studio.learning.motion_batches import batches_of
        from m3n_studio.learning.pretrain import pretrain
        from m3n_studio.learning.run_folder import RunFolder

        seed = cell.seed if self.plan.file.pretrain_seeds == "each" else 0
        method = find_method(cell.method)
        config = for_pretraining(self.plan.config.with_({"pretrain.seed": seed, "pretrain.share": cell.share}), method)
        key = json.dumps([objectives_told(method), told(config), cell.pretraining,
                          [str(p) for p in self.plan.motions[cell.pretraining]]])  # fmt: skip
        digest = hashlib.sha256(key.encode()).hexdigest()[:10]
        name = re.sub(r"[^A-Za-z0-9_.%-]+", "-", f"{cell.pretraining}_{100 * cell.share:g}%_s{seed}_{digest}")
        place = self.plan.out / "pretrained" / name
        if place.exists() and RunFolder(place).exists and RunFolder(place).state.status == "finished":
            return place
        found = batches_of(self._motion_set(cell.pretraining, config), config, cache=self.cache)
        began = time.monotonic()
        whose = RunFolder(place).about.facts["method"] if RunFolder(place).exists else cell.method
        run = pretrain(place, config, found.train, found.validation, method=whose, resume=place.exists(),
                       made_from={"motion": cell.pretraining}, cancelled=self.cancelled)  # fmt: skip
        self.tell(f"pretrained {name}: loss {run.metrics['loss']:.3f}, {time.monotonic() - began:.0f} s")
        return place

    def _motion_set(self, name: str, config: LearningConfig) -> Any:
        if name not in self._motions:
            from m3n_studio.learning.motion_set import load_motions
            from m3n_studio.learning.text import read_templates

            self._motions[name] = load_motions(
                list(self.plan.motions[name]), config.windows, templates=read_templates(config.text.templates),
                mirrored=config.pretrain.bodies.mirror, cancelled=self.cancelled,
            )  # fmt: skip
        return self._motions[name]


def _settings_mark(plan: Plan, method: Method) -> str:
    """A digest of every setting the grid does not vary and that concerns a method."""
    return settings_mark(plan.config, method, plan.file.pretrain_seeds)


def by(found: list[dict[str, Any]], **wanted: Any) -> Iterator[dict[str, Any]]:
    """Results whose cells have these values."""
    return (r for r in found if all(r["cell"][name] == value for name, value in wanted.items()))
