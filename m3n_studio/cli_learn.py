"""Learning from the command line: ``draw``, ``pretrain``, ``finetune``, ``evaluate``, ``predict``, ``study``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from m3n_studio.errors import FileError, M3nError

if TYPE_CHECKING:
    from m3n_studio.learning.config import LearningConfig
    from m3n_studio.learning.events import Message
    from m3n_studio.learning.windows import LabelledRecording, WindowSpec

DATA_HELP = (
    "A project's folder; a recipe (.recipe.toml), for the tables beneath its folder; a folder of recordings of any "
    "known format; one of motions, which are simulated; or `demo`."
)
TIER_HELP = "Which tier of a project, or kind of labels, to learn; needed where there are several."
WRISTS = {"left": ("left_wrist",), "right": ("right_wrist",), "both": ("left_wrist", "right_wrist")}

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder of the run; new, unless --resume.")]
Preset = Annotated[str, typer.Option(help="paper, small or smoke; or a configuration file (.toml).")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any other setting, NAME=VALUE, e.g. pretrain.optimiser.epochs=20; repeat for several."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
RunPath = Annotated[Path, typer.Argument(help="A run's folder.")]
Motion = Annotated[
    list[str], typer.Option("--motion", "-m", help="Folder or file of motions, or `demo`; repeat for several.")
]


def add_to(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    for command in (draw, pretrain, finetune, evaluate, predict, study):
        app.command()(command)


def draw(
    motion: Motion,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (.h5).")],
    preset: Preset = "small",
    epochs: Annotated[
        int, typer.Option(min=1, help="How often every window is drawn, on another body each time.")
    ] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Everything drawn follows from it.")] = 0,
    change: Set = None,
) -> None:
    """Draw pretraining's windows into a file once, to pretrain from it elsewhere or again."""
    from m3n_studio.learning.motion_batches import STORED
    from m3n_studio.learning.motion_set import load_motions
    from m3n_studio.learning.text import read_templates
    from m3n_studio.learning.triple_cache import write_cache
    from m3n_studio.learning.triples import TripleDrawer

    config = _config(preset, change, {})
    bodies, templates = config.pretrain.bodies, read_templates(config.text.templates)
    if out.suffix not in STORED:
        raise FileError(out, found=f"a name ending in {out.suffix or 'nothing'}", expected=" or ".join(STORED))
    with _bar("reading motions") as tell, _stoppable() as stopped:
        found = load_motions(_folders(motion), config.windows, templates=templates, mirrored=bodies.mirror,
                             progress=lambda done, total, _: tell(done, total), cancelled=stopped)  # fmt: skip
    drawer = TripleDrawer(found, config.windows, bodies)
    with _bar("drawing") as tell, _stoppable() as stopped:
        write_cache(out, drawer, epochs=epochs, seed=seed, progress=tell, cancelled=stopped)
    size = out.stat().st_size / 1e6
    typer.echo(f"wrote {out}: {epochs} x {drawer.windows} windows of {len(found.clips)} motions, {size:.0f} MB")


def pretrain(
    motion: Annotated[
        list[str],
        typer.Option(
            "--motion", "-m", help="Folder or file of motions, `demo`, or a file that `draw` wrote; repeat for several."
        ),
    ],
    out: Out,
    preset: Preset = "small",
    method: Annotated[str, typer.Option(help="Whose objectives to pretrain.")] = "multi3net_plus",
    seed: Annotated[int | None, typer.Option(min=0, help="Everything drawn follows from it.")] = None,
    change: Set = None,
    resume: Resume = False,
) -> None:
    """Pretrain encoders of text, pose and synthetic signals on motions."""
    from m3n_studio.learning.motion_batches import motion_batches
    from m3n_studio.learning.pretrain import pretrain as run

    config = _config(preset, change, {"finetune.method": method} | ({} if seed is None else {"pretrain.seed": seed}))
    folders = _folders(motion)
    with _bar("reading motions") as tell:
        found = motion_batches(folders, config, cache=_cache(), progress=lambda done, total, _: tell(done, total))
    for note in found.notes:
        _note(note)
    made_from = {"motion": "\n".join(str(f.resolve()) for f in folders)}
    with _messages() as say, _stoppable() as stopped:
        done = run(out, config, found.train, found.validation, method=method, made_from=made_from, resume=resume,
                   tell=say, cancelled=stopped)  # fmt: skip
    metrics = done.metrics
    typer.echo(
        f"pretrained {method}: loss {metrics['loss']:.4f}, the best of {metrics['epochs']} epochs was"
        f" {metrics['best_epoch']}; {out}"
    )


def finetune(
    data: Annotated[str, typer.Option(help=DATA_HELP)],
    out: Out,
    pretrained: Annotated[Path | None, typer.Option(help="A pretraining run, for methods that want one.")] = None,
    method: Annotated[str, typer.Option(help="Name of a method; multi3net_plus with --pretrained, else base.")] = "",
    preset: Annotated[str, typer.Option(help="As of pretrain; by default the pretrained run's, else small.")] = "",
    experts: Annotated[int, typer.Option(min=0, help="Experts of Multi3Net+; 0: as the preset says.")] = 0,
    freeze: Annotated[str, typer.Option(help="The encoder: never, always, until-plateau.")] = "until-plateau",
    folds: Annotated[str, typer.Option(help="users5, leave-one-out, or time5 for one or two people.")] = "users5",
    wrists: Annotated[str, typer.Option(help="left, right or both.")] = "",
    labels: Annotated[int, typer.Option(min=0, help="Labelled windows a class to train on; 0: all.")] = 0,
    tier: Annotated[str, typer.Option(help=TIER_HELP)] = "",
    leave_out: Annotated[
        list[str] | None, typer.Option("--without", help="A subject that takes no part; repeat for several.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Everything drawn follows from it.")] = None,
    change: Set = None,
    resume: Resume = False,
) -> None:
    """Train and test a classifier on labelled recordings, folds by user."""
    from m3n_studio.learning.finetune import finetune as run
    from m3n_studio.learning.run_folder import RunFolder
    from m3n_studio.learning.windows import cut_to_learn
    from m3n_studio.project.training_inputs import as_it_began, remembering, without

    start: dict[str, Any] = {
        "finetune.method": method or ("multi3net_plus" if pretrained else "base"), "finetune.freeze": freeze,
        "finetune.folds": folds, "finetune.labels_per_class": labels,
    }  # fmt: skip
    if seed is not None:
        start["finetune.seed"] = seed
    if experts:
        start["model.classifier.experts"] = experts
    if wrists:
        start["finetune.placements"] = _wrists(wrists)
    base = RunFolder.open(pretrained).config if pretrained and not preset else None
    config = _config(preset or "small", change, start, base)
    with _bar("reading recordings") as tell:
        recordings = without(load_recordings(data, tier, config.windows, tell), leave_out or ())
    if resume:
        recordings = as_it_began(out, recordings)
    windows = cut_to_learn(recordings, config)
    labelled = int(windows.counts().sum())
    more = f" and {len(windows) - labelled} without a label" if labelled < len(windows) else ""
    _note(f"{labelled} windows{more} of {len(windows.subjects)} users, {len(windows.classes)} classes")
    made_from = {"data": str(Path(data).resolve()), "tier": tier, "without": "\n".join(leave_out or ())}
    with _messages() as say, _stoppable() as stopped:
        done = run(out, config, windows, pretrained=pretrained, made_from=made_from, resume=resume,
                   tell=remembering(out, recordings, say), cancelled=stopped)  # fmt: skip
    _say_scores(done.metrics)


def evaluate(
    run: RunPath, json: Annotated[bool, typer.Option("--json", help="Print all numbers as JSON.")] = False
) -> None:
    """Score a finetuning run's predictions on users it was not trained on."""
    import json as json_module

    from m3n_studio.learning.evaluate import evaluate as score

    metrics = score(run)
    if json:
        typer.echo(json_module.dumps(metrics, indent=1))
    else:
        _say_scores(metrics)


def predict(
    run: RunPath,
    recording: Annotated[Path, typer.Argument(help="A recording of any known format.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File for probabilities and gates: .npz or .h5.")],
    labels: Annotated[Path | None, typer.Option(help="Also write labels, in the format of this name.")] = None,
    sensor: Annotated[
        list[str] | None, typer.Option(help="PLACEMENT=NAME where the recording calls its sensors otherwise.")
    ] = None,
    hop_s: Annotated[float, typer.Option(min=0.0, help="From window to window in s; 0: an eighth of one.")] = 0.0,
    fold: Annotated[list[int] | None, typer.Option(min=1, help="Whose classifier; default: all, averaged.")] = None,
) -> None:
    """Predict a whole recording with a finetuning run."""
    from m3n_studio.annotation.exchange.formats import write_labels
    from m3n_studio.learning.predict import predict as compute
    from m3n_studio.learning.predict import write_predicted
    from m3n_studio.learning.run_folder import RunFolder
    from m3n_studio.recordings.formats import read_signals

    wanted = tuple(RunFolder.open(run).about.facts.get("placements", ()))
    signals = placed(read_signals(recording), wanted, sensor or (), recording)
    with _bar("predicting") as tell:
        found = compute(run, signals, hop_s=hop_s, folds=tuple(fold or ()), progress=tell)
    write_predicted(out, found, run=str(run))
    made = found.annotations(run.resolve().name)
    if labels is not None:
        write_labels(labels, made)
        _note(f"wrote {labels}")
    _note(f"wrote {out}: {len(found.time_s)} moments, {len(found.window_start_s)} windows")
    names = {c.id: c.name for c in made.tiers[0].classes}
    for a in made.annotations:
        typer.echo(f"{a.start_s:9.2f} {a.end_s:9.2f}  {names[a.label]}  {100 * (a.confidence or 0.0):.0f} %")


def study(
    plan: Annotated[Path, typer.Argument(help="What to compare, as TOML; see docs/learning.md.")],
    tables: Annotated[bool, typer.Option("--tables", help="Only write the tables of what is finished.")] = False,
) -> None:
    """Compare methods over a grid, resumably, and write tables and a figure like the paper's."""
    from m3n_studio.learning.study import read_plan, run_study
    from m3n_studio.learning.study_tables import write_tables

    found = read_plan(plan)
    if not tables:
        run_study(found, lambda path: load_recordings(path, found.tier, found.config.windows, lambda *_: None),
                  tell=_note, cache=_cache())  # fmt: skip
    for path in write_tables(found):
        typer.echo(str(path))


def load_recordings(
    data: str, tier: str, windows: WindowSpec, progress: Callable[[int, int], None]
) -> list[LabelledRecording]:
    """Labelled recordings of a project or of any source (:func:`m3n_studio.learning.sources.load`)."""
    from m3n_studio.learning.sources import load
    from m3n_studio.project.database import NAME

    folder = Path(data)
    if data == "demo" or not (folder / NAME).is_file():
        return load(data, windows, tier=tier, tell=_note, progress=progress)
    from m3n_studio.project import Project
    from m3n_studio.project.training_data import labelled_recordings
    from m3n_studio.project.worn import said_unplaced, unplaced

    with Project.open(folder, read_only=True) as project:
        found = labelled_recordings(project, tier, progress=progress)
        if missing := unplaced(project.recordings()):
            _note(f"left out, for nothing says where they were worn: {said_unplaced(missing)}; "
                  f"m3n-studio project place {folder} {next(iter(missing))}=PLACEMENT")  # fmt: skip
        return found


def placed(signals: Sequence[Any], wanted: tuple[str, ...], named: Sequence[str], path: Path) -> dict[str, Any]:
    """Signals by the placements a run wants: as named, else by their own names, else the only one for the only one."""
    by_name = {s.name: s for s in signals}
    found = {name: signal for name, signal in by_name.items() if name in wanted}
    for pair in named:
        placement, _, name = pair.partition("=")
        if placement not in wanted or name not in by_name:
            raise M3nError(f"--sensor {pair}: expected one of {', '.join(wanted)} = one of {', '.join(by_name)}")
        found[placement] = by_name[name]
    if not found and len(signals) == len(wanted) == 1:
        found = {wanted[0]: signals[0]}
    if not found:
        raise FileError(path, found=f"sensors {', '.join(by_name)}",
                        expected=f"{', '.join(wanted)}; --sensor PLACEMENT=NAME says which is which")  # fmt: skip
    return found


def _folders(motion: Sequence[str]) -> list[Path]:
    """Folders and files as named; ``demo`` is the motions that ship."""
    from m3n_studio.resources import resource

    return [resource("motions") if name == "demo" else Path(name) for name in motion]


def _config(
    preset: str, change: Sequence[str] | None, start: dict[str, Any], base: LearningConfig | None = None
) -> LearningConfig:
    """A preset, a file, or a run's configuration, with changes."""
    from m3n_studio.learning.config import load_preset, read_config

    config = base or (read_config(preset) if preset.endswith(".toml") else load_preset(preset))
    return config.with_({**start, **dict(_setting(text) for text in change or ())})


def _setting(text: str) -> tuple[str, Any]:
    """``NAME=VALUE``, the value as TOML writes it or a bare word."""
    import tomllib

    name, equals, value = text.partition("=")
    if not equals:
        raise M3nError(f"--set {text}: expected NAME=VALUE")
    try:
        return name.strip(), tomllib.loads(f"v = {value}")["v"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


def _wrists(name: str) -> tuple[str, ...]:
    if name not in WRISTS:
        raise M3nError(f"--wrists {name}: expected {', '.join(WRISTS)}")
    return WRISTS[name]


def _cache() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("m3n-studio", appauthor=False)) / "sentences"


def _say_scores(metrics: dict[str, Any]) -> None:
    mean, std, pooled = metrics["mean"], metrics["std"], metrics["pooled"]
    folds = f"over {len(metrics['folds'])} folds"
    typer.echo(f"macro F1 {100 * mean['macro_f1']:.1f} ± {100 * std['macro_f1']:.1f} {folds}, "
               f"pooled {100 * pooled['macro_f1']:.1f}; accuracy {100 * mean['accuracy']:.1f}; "
               f"calibration error {100 * mean['calibration_error']:.1f}")  # fmt: skip
    for name, value in pooled["f1"].items():
        typer.echo(
            f"  {name:28s} {'-' if value is None else f'{100 * value:5.1f}'}  ({pooled['support'][name]} windows)"
        )


def _note(text: str) -> None:
    typer.echo(text, err=True)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: training then stops with a checkpoint; pressed again, at once."""
    import signal
    import threading

    pressed = threading.Event()

    def on_interrupt(*_: object) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _messages() -> Iterator[Callable[[Message], None]]:
    """Epochs and remarks as lines on stderr; steps as a bar where that is a terminal."""
    from m3n_studio.learning.events import Step, said

    with _bar("training") as tell:

        def say(message: Message) -> None:
            if isinstance(message, Step):
                tell(message.step, message.steps)
            else:
                _note(said(message))

        yield say
