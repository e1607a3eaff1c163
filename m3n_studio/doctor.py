"""What works on this machine: each check one line, with what to do where it does not.

Qt and OpenGL are probed in a process of their own, since a missing library can abort it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from m3n_studio.errors import M3nError

PROBE_TIMEOUT_S = 60
#: Where users keep the licensed body files; the first that exists is looked into.
BODY_VARIABLE = "M3N_BODY_DIR"


@dataclass(frozen=True)
class Finding:
    """One check: what, how it went (``ok``, ``warn``, ``fail``), what was seen, what to do."""

    what: str
    state: str
    seen: str
    remedy: str = ""

    def line(self) -> str:
        """The finding as one or two lines of text."""
        mark = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}[self.state]
        return f"{mark}  {self.what:<12} {self.seen}" + (f"\n      {'':<12} -> {self.remedy}" if self.remedy else "")


def examine() -> list[Finding]:
    """Run every check."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python, _display, _qt_and_gl, _torch, _bodies, _demos, _plugins, _disk,
    )  # fmt: skip
    return [finding for check in checks for finding in check()]


def _python() -> Iterator[Finding]:
    seen = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    yield Finding("Python", "ok", seen)


def _display() -> Iterator[Finding]:
    if not sys.platform.startswith("linux"):
        yield Finding("display", "ok", platform.system())
        return
    seen = [f"{name}={os.environ[name]}" for name in ("WAYLAND_DISPLAY", "DISPLAY") if os.environ.get(name)]
    if seen:
        yield Finding("display", "ok", ", ".join(seen))
    else:
        remedy = (
            "`m3n-studio demo --no-window` and every command but `view` work; for the window: xvfb-run m3n-studio view"
        )
        yield Finding("display", "warn", "none", remedy)


def _qt_and_gl() -> Iterator[Finding]:
    code, report, trouble = _probe("window")
    if code == 0 and report:
        yield Finding("Qt", "ok", f"{report['qt']} on platform {report['platform']}")
        yield Finding("OpenGL", "ok", f"{report['gl']}: the body is skinned on the GPU in the window")
        return
    no_screen = sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    state = "warn" if no_screen else "fail"
    remedy = (
        ""
        if no_screen
        else "on Debian: python3 bootstrap.py demo installs the libraries Qt needs (libxcb-cursor0, libegl1, ...)"
    )
    yield Finding("Qt window", state, "not without a display" if no_screen else f"no: {trouble}", remedy)
    code, report, trouble = _probe("offscreen")
    if code == 0 and report:
        yield Finding("OpenGL", "ok", f"off-screen only (EGL): {report['gl']}")
    else:
        yield Finding(
            "OpenGL",
            state,
            f"no off-screen context either: {trouble}",
            "on Debian: apt-get install libegl1 libgl1-mesa-dri",
        )


def _probe(kind: str) -> tuple[int, dict[str, str], str]:
    """Exit code, report and last line of stderr of a probe process."""
    command = [sys.executable, "-m", "m3n_studio.studio.probe", kind]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return -1, {}, f"the probe did not answer within {PROBE_TIMEOUT_S} s"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    try:
        report = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
    except (ValueError, IndexError):
        report = {}
    return done.returncode, report, lines[-1] if lines else f"the probe ended with code {done.returncode}"


def _torch() -> Iterator[Finding]:
    if importlib.util.find_spec("torch") is None:
        yield Finding("torch", "ok", "not installed; nothing here needs it yet")
        return
    try:
        yield Finding("torch", "ok", version("torch"))
    except PackageNotFoundError:
        yield Finding("torch", "warn", "present, but without a version", "reinstall it: pip install torch")


def _bodies() -> Iterator[Finding]:
    from m3n_studio.body.files import default_body, load_body

    try:
        body = default_body()
        yield Finding("default body", "ok", f"{len(body.vertices)} vertices, {body.n_betas} betas")
    except M3nError as error:
        yield Finding("default body", "fail", str(error), "the installation is incomplete; install m3n-studio again")
    folder = os.environ.get(BODY_VARIABLE)
    if not folder:
        yield Finding(
            "SMPL bodies",
            "ok",
            f"none set; optional: put licensed files in a folder and set {BODY_VARIABLE}, or use --body FILE",
        )
        return
    files = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in {".npz", ".pkl"})
    if not files:
        yield Finding(
            "SMPL bodies",
            "warn",
            f"{BODY_VARIABLE}={folder} has no .npz or .pkl",
            "put SMPL, SMPL-H or SMPL-X files there",
        )
    for path in files:
        try:
            yield Finding("SMPL body", "ok", f"{load_body(path).name}: {path}")
        except M3nError as error:
            yield Finding("SMPL body", "warn", str(error))


def _demos() -> Iterator[Finding]:
    from m3n_studio.motion.demo import demo_clips

    names = list(demo_clips())
    state = "ok" if len(names) >= 6 else "fail"
    yield Finding("demo motions", state, ", ".join(names) or "none", "" if names else "install m3n-studio again")


def _plugins() -> Iterator[Finding]:
    from m3n_studio.plugins import KINDS, the_door

    door = the_door()
    seen = ", ".join(f"{len(list(door.all(kind)))} {kind.replace('_', ' ')}s" for kind in KINDS)
    yield Finding("plugins", "ok", seen)
    for failure in door.failures:
        yield Finding("plugin", "warn", f"{failure.name} is disabled: {failure.error}", "update or remove the plugin")


def _disk() -> Iterator[Finding]:
    import platformdirs

    for what, folder in (
        ("disk", Path(platformdirs.user_data_dir("m3n-studio"))),
        ("temp", Path(tempfile.gettempdir())),
    ):
        exists = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(exists).free / 1e9
        writable = os.access(exists, os.W_OK)
        state = "ok" if free > 1 and writable else "warn"
        remedy = "" if state == "ok" else "free some space, or make the folder writable"
        yield Finding(what, state, f"{free:.0f} GB free{'' if writable else ', not writable'} at {folder}", remedy)
