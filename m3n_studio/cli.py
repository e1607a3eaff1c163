"""The command line: thin commands over the Python API.

Exit codes: 0 done, 1 a bug of ours (with a traceback), 2 something the user can mend (one
line on stderr), 130 cancelled. Results go to stdout, progress and remarks to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from m3n_studio import __version__, cli_embed, cli_import, cli_labels, cli_learn, cli_project, cli_runs
from m3n_studio.errors import M3nError

app = typer.Typer(
    name="m3n-studio",
    help="Virtual IMUs from SMPL bodies, judged against real recordings.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cli_labels.app, name="labels")
app.add_typer(cli_project.app)
cli_import.add_to(app)
cli_learn.add_to(app)
cli_runs.add_to(app)
cli_embed.add_to(app)


class Up(StrEnum):
    """World axis that points up in a file."""

    auto = "auto"
    x = "x"
    y = "y"
    z = "z"


Motion = Annotated[
    str, typer.Argument(help="Motion file of any known format, or demo:NAME (see `m3n-studio info demo`).")
]
Placements = Annotated[
    list[str] | None,
    typer.Option("--placement", "-p", help="Sensor placement by name; repeat for several. Default: both wrists."),
]
UpOption = Annotated[Up, typer.Option(help="Which axis points up in the file; auto finds out.")]
ShapeOption = Annotated[
    str,
    typer.Option(
        "--shape", help="Body to reach, e.g. stature=1.85,mass=80,forearm=+10% (m, kg, or % of the body's own)."
    ),
]
RateOption = Annotated[
    float | None, typer.Option("--rate", min=0.1, max=10_000, help="Output rate in Hz. Default: the motion's.")
]
BandwidthOption = Annotated[
    float, typer.Option("--bandwidth-hz", min=0.0, help="Low-pass of the sensor in Hz; 0 for none (exact mode).")
]
BodyOption = Annotated[
    Path | None,
    typer.Option("--body", help="SMPL, SMPL-H or SMPL-X file (.npz, .pkl). Default: the free body that ships."),
]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="File to write.")]


def _note(text: str) -> None:
    typer.echo(text, err=True)


def _version(value: bool) -> None:
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Virtual IMUs from SMPL bodies, judged against real recordings."""


def _settings(rate: float | None, bandwidth_hz: float) -> Any:
    from m3n_studio.imu.simulate import Settings

    return Settings(rate_hz=rate, bandwidth_hz=bandwidth_hz or None)


def _motion_placements_shape(
    motion: str, up: Up, body: Path | None, names: Sequence[str] | None, shape: str
) -> tuple[Any, Any, Any, Any]:
    """The model, clip, placements and shape (None: the clip's own) the options ask for."""
    from m3n_studio import workbench

    model = workbench.open_body(body)
    clip = workbench.open_clip(motion, up=up.value)
    placements = workbench.place(model, names or workbench.WRISTS)
    solution = workbench.reach(model, shape, start=clip.shape) if shape else None
    if solution is not None and not solution.ok:
        _note(f"shape: {solution.message}")
    return model, clip, placements, solution.shape if solution else None


@app.command()
def simulate(
    out: OutOption,
    motion: Annotated[str, typer.Argument(help="Motion file, or demo:NAME. Not with --trajectory.")] = "",
    placement: Placements = None,
    rate: RateOption = None,
    up: UpOption = Up.auto,
    shape: ShapeOption = "",
    mode: Annotated[str, typer.Option(help="exact, transpose, imusim or wimusim.")] = "exact",
    bandwidth_hz: BandwidthOption = 12.0,
    device: Annotated[
        str, typer.Option(help="Device error model, e.g. ideal, smartwatch, phone, xsens_mtw.")
    ] = "ideal",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the device's noise.")] = 0,
    quantiles: Annotated[
        Path | None, typer.Option("--quantiles-of", help="Map each channel onto this recording's distribution.")
    ] = None,
    trajectory: Annotated[
        Path | None, typer.Option(help="Rigid trajectory CSV (time_s, px..pz m, qw..qz) instead of a motion.")
    ] = None,
    body: BodyOption = None,
) -> None:
    """Simulate the signals of IMUs worn on a moving body."""
    from m3n_studio import workbench
    from m3n_studio.imu.simulate import simulate as run
    from m3n_studio.imu.simulate import simulate_trajectory
    from m3n_studio.recordings.formats import read_signals
    from m3n_studio.recordings.tables import write_signals

    if bool(motion) == bool(trajectory):
        raise M3nError("give either a motion file or --trajectory FILE, not both and not neither")
    settings = _settings(rate, bandwidth_hz)
    if trajectory is not None:
        from m3n_studio.recordings.trajectory import read_trajectory

        path = read_trajectory(trajectory, up="y" if up is Up.auto else up.value)
        signals: tuple[Any, ...] = (simulate_trajectory(path, settings=settings, mode=mode, device=device, seed=seed),)
    else:
        model, clip, placements, wanted = _motion_placements_shape(motion, up, body, placement, shape)
        signals = run(model, clip, placements, shape=wanted, settings=settings, mode=mode, device=device, seed=seed)
    if quantiles is not None:
        signals = workbench.match_quantiles(signals, read_signals(quantiles))
    write_signals(out, signals)
    first = signals[0]
    _note(
        f"wrote {out}: {', '.join(s.name for s in signals)}; {len(first)} samples at {first.rate_hz:.6g} Hz,"
        f" {100 * first.valid.mean():.1f} % valid; acc m/s2, gyr rad/s, sensor frame"
    )


@app.command()
def fidelity(
    simulated: Annotated[Path, typer.Argument(help="Simulated signals (CSV or HDF5).")],
    real: Annotated[Path, typer.Argument(help="Real recording of the same movement.")],
    align: Annotated[
        str, typer.Option(help="What to align, comma-separated: clock, mount, gravity; or none.")
    ] = "clock,mount",
    lowpass_hz: Annotated[
        float, typer.Option(min=0.0, help="Low-pass both sides at this many Hz first; 0 for none.")
    ] = 0.0,
    pair: Annotated[
        list[str] | None, typer.Option(help="SIM=REAL names to compare; default: equal names, else in order.")
    ] = None,
    normalise: Annotated[
        str, typer.Option(help="Normalisation of magnitudes for the paper's MSE: zscore, minmax, none.")
    ] = "zscore",
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Also write a report with figures (.html) or every number (.csv).")
    ] = None,
) -> None:
    """Say how close simulated signals are to real ones."""
    import json as json_module

    from m3n_studio import workbench
    from m3n_studio.recordings.formats import read_signals

    sides = read_signals(simulated), read_signals(real)
    options: dict[str, Any] = {"pairs": pair or (), "lowpass_hz": lowpass_hz or None, "normalise": normalise}
    reports = workbench.judge(*sides, parts=workbench.parts(align), **options)
    if report is not None:
        files = {"Simulated": str(simulated), "Real": str(real)}
        workbench.write_report(report, *sides, reports, files=files, **options)
        _note(f"wrote {report}")
    if json:
        typer.echo(json_module.dumps([json_module.loads(r.to_json()) for r in reports], indent=2))
        return
    for judged in reports:
        typer.echo(judged.text())


@app.command()
def augment(
    motion: Motion,
    out: OutOption,
    bodies: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many bodies.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the population.")] = 0,
    population: Annotated[
        str,
        typer.Option(
            help="Whose bodies: a .toml or .json file (the window saves one), people, or people:all."
            " Default: the body's components and limbs at random."
        ),
    ] = "",
    placement: Placements = None,
    rate: RateOption = None,
    up: UpOption = Up.auto,
    bandwidth_hz: BandwidthOption = 12.0,
    body: BodyOption = None,
) -> None:
    """Simulate one motion on many bodies, into one HDF5 file."""
    from rich.console import Console
    from rich.progress import Progress

    from m3n_studio import workbench
    from m3n_studio.imu.augment import augment as run
    from m3n_studio.imu.population_file import open_population

    model, clip, placements, _ = _motion_placements_shape(motion, up, body, placement, "")
    stated = open_population(population, model) if population else None
    options: dict[str, Any] = {"seed": seed, "settings": _settings(rate, bandwidth_hz)}
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"simulating {bodies} bodies", total=bodies)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if stated is None:
            run(model, clip, placements, out, bodies=bodies, progress=progress, **options)
        else:
            workbench.populate(model, clip, placements, stated, bodies, out, progress=progress, **options)
    _note(f"wrote {out}: {bodies} bodies, {', '.join(p.name for p in placements)}, {out.stat().st_size / 1e6:.1f} MB")


@app.command()
def info(
    file: Annotated[str, typer.Argument(help="Motion, recording or body file; or `demo` for the bundled motions.")],
) -> None:
    """Say what a file is."""
    from m3n_studio.describe import describe

    for line in describe(file):
        typer.echo(line)


@app.command()
def convert(
    motion: Motion,
    out: OutOption,
    up: UpOption = Up.auto,
    rate: RateOption = None,
    stature_m: Annotated[
        float, typer.Option(min=0.0, help="Scale to this stature in m, feet at the origin; 0: as is.")
    ] = 0.0,
) -> None:
    """Read a motion of any format and write it as our own clip (.npz), or as an animated body (.glb)."""
    from m3n_studio import workbench
    from m3n_studio.motion.native import save_clip
    from m3n_studio.motion.normalise import normalise as to_stature
    from m3n_studio.motion.resample import resample

    clip = workbench.open_clip(motion, up=up.value)
    clip = resample(clip, rate) if rate else clip
    clip = to_stature(clip, workbench.open_body(None), stature_m=stature_m) if stature_m else clip
    if out.suffix.lower() == ".glb":
        from m3n_studio.studio.scene.gltf import write_glb

        write_glb(out, workbench.open_body(None), clip)
    else:
        save_clip(out, clip)
    _note(f"wrote {out}: {len(clip)} frames at {clip.rate_hz:.6g} Hz")


@app.command()
def view(
    motion: Annotated[str, typer.Argument(help="Motion file, or demo:NAME; may be left out.")] = "",
    real: Annotated[Path | None, typer.Option(help="Real recording to show beside the simulation.")] = None,
    placement: Placements = None,
    shape: ShapeOption = "",
    up: UpOption = Up.auto,
    align: Annotated[str, typer.Option(help="Align the real recording: clock, mount, none.")] = "clock,mount",
    bandwidth_hz: BandwidthOption = 12.0,
    body: BodyOption = None,
    screenshot: Annotated[Path | None, typer.Option(help="Save a picture of the window to this PNG and leave.")] = None,
    at: Annotated[float, typer.Option(min=0.0, help="Time of the screenshot in s.")] = 0.0,
) -> None:
    """Open the window: the body plays beside its simulated and real signals."""
    from m3n_studio import workbench
    from m3n_studio.demo import show

    scene = None
    if motion:
        scene = workbench.scene(
            motion, real=real, placements=placement or workbench.WRISTS, shape=shape, up=up.value,
            parts=workbench.parts(align), bandwidth_hz=bandwidth_hz or None, body=body,
        )  # fmt: skip
    elif real is not None:
        raise M3nError("--real needs a motion file to lay the recording beside")
    raise typer.Exit(show(scene, screenshot=screenshot, at_s=at))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the demo's files and pictures.")] = Path(
        "demo-out"
    ),
    window: Annotated[bool, typer.Option(help="Open the window at the end (needs a screen).")] = True,
) -> None:
    """Run the main job on the bundled motion and recording, and show it."""
    from m3n_studio.demo import run_demo, show

    scene = run_demo(out, echo=typer.echo)
    if window:
        raise typer.Exit(show(scene))


@app.command()
def doctor() -> None:
    """Say what works on this machine, and what to do about what does not."""
    from m3n_studio.doctor import examine

    findings = examine()
    for finding in findings:
        typer.echo(finding.line())
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors a user can mend become one line and exit code 2."""
    try:
        code = app(args=None if arguments is None else list(arguments), standalone_mode=False)
    except M3nError as error:
        _fail(str(error), 2)
    except typer.Abort:
        _fail("cancelled", 130)
    except KeyboardInterrupt:
        _fail("cancelled", 130)
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # click's usage errors
            _fail(error.format_message(), int(error.exit_code))
        raise
    else:
        if arguments is None or code:
            sys.exit(code or 0)


def _fail(text: str, code: int) -> None:
    _note("m3n-studio: " + " ".join(text.split()))
    sys.exit(code)
