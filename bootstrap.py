#!/usr/bin/env python3
"""Set everything up and run it: ``python3 bootstrap.py demo`` or ``python3 bootstrap.py test``.

Standard library only. Installs the system libraries Qt and OpenGL need (Debian and its
relatives, when root or sudo allows), makes ``.venv`` beside this file, installs the program
at the versions of ``constraints.txt``, and then

* ``demo`` opens the window on a bundled motion and recording; where there is no screen it
  does so on a virtual one, leaves pictures in ``demo-out/`` and prints the fidelity table;
* ``test`` runs the checks and the tests (ruff, mypy, import-linter, the wheel away from the
  checkout, pytest on a virtual screen).

Running it again is quick: what is installed already is left alone.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHONS = ((3, 11), (3, 13))

#: What Qt's xcb platform plugin, software OpenGL and the virtual screen need on Debian 12.
DEBIAN_PACKAGES = (
    "python3-venv", "xvfb", "libegl1", "libgl1", "libgl1-mesa-dri", "libglx-mesa0", "libopengl0", "libxkbcommon0",
    "libxkbcommon-x11-0", "libxcb-cursor0", "libxcb-icccm4", "libxcb-image0", "libxcb-keysyms1", "libxcb-randr0",
    "libxcb-render-util0", "libxcb-shape0", "libxcb-shm0", "libxcb-sync1", "libxcb-xfixes0", "libxcb-xinerama0",
    "libxcb-xkb1", "libdbus-1-3", "libfontconfig1", "libfreetype6", "libglib2.0-0", "fonts-dejavu-core",
)  # fmt: skip
OTHER_SYSTEMS = {
    "dnf": "sudo dnf install xorg-x11-server-Xvfb mesa-dri-drivers libglvnd-egl libglvnd-glx xcb-util-cursor "
    "xcb-util-wm xcb-util-image xcb-util-keysyms xcb-util-renderutil libxkbcommon-x11",
    "pacman": "sudo pacman -S xorg-server-xvfb mesa libglvnd xcb-util-cursor xcb-util-wm xcb-util-image "
    "xcb-util-keysyms xcb-util-renderutil libxkbcommon-x11",
}


def say(text: str) -> None:
    print(f"\033[1m==> {text}\033[0m" if sys.stdout.isatty() else f"==> {text}", flush=True)


def stop(text: str) -> None:
    sys.exit(f"bootstrap: {text}")


def run(command: Sequence[str | Path], **options: object) -> None:
    """Run a command; stop with its name and exit code if it fails."""
    done = subprocess.run([str(c) for c in command], **options)  # type: ignore[call-overload]
    if done.returncode:
        stop(f"this failed with exit code {done.returncode}: {' '.join(map(str, command))}")


def check_platform() -> None:
    version = sys.version_info[:2]
    if not PYTHONS[0] <= version <= PYTHONS[1]:
        low, high = (".".join(map(str, v)) for v in PYTHONS)
        stop(
            f"this is Python {version[0]}.{version[1]}; m3n Studio needs {low} to {high}. Try: python3.11 bootstrap.py"
        )
    machine = platform.machine().lower()
    if sys.maxsize < 2**32 or machine not in {"x86_64", "amd64", "arm64", "aarch64"}:
        stop(f"no Qt for this processor ({machine}); a 64-bit x86 or Arm machine is needed")


def missing_debian_packages() -> list[str]:
    """Packages of the list that dpkg does not know as installed."""
    query = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *DEBIAN_PACKAGES],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    installed = {line.split()[0] for line in query.stdout.splitlines() if line.endswith(" installed")}
    wanted = [p for p in DEBIAN_PACKAGES if p not in installed]
    # a Python that did not come from Debian brings its own venv
    return [p for p in wanted if p != "python3-venv" or not _has_venv()]


def _has_venv() -> bool:
    return (
        subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode
        == 0
    )


def install_system_libraries() -> None:
    if not sys.platform.startswith("linux"):
        return  # macOS and Windows bring what Qt needs
    if not shutil.which("apt-get"):
        for tool, command in OTHER_SYSTEMS.items():
            if shutil.which(tool):
                say(f"if Qt or OpenGL libraries turn out to be missing: {command}")
        return
    missing = missing_debian_packages()
    if not missing:
        return
    root = os.geteuid() == 0
    sudo = [] if root else (["sudo", "-n"] if shutil.which("sudo") else None)
    if sudo is None or (
        not root and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode
    ):
        command = f"apt-get install {' '.join(missing)}"
        if "python3-venv" in missing:
            stop(f"system packages are missing and this is not root. Run this first:\n  sudo {command}")
        say(f"system packages are missing and this is not root; if the window does not open, run:\n  sudo {command}")
        return
    say(f"installing {len(missing)} system packages")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run([*sudo, "apt-get", "update", "-qq"], env=env)
    run(
        [*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
        env=env,
        stdout=subprocess.DEVNULL,
    )


def venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install_program(*, extra: str) -> Path:
    """Make ``.venv`` and install the checkout into it, unless that was done for these very files."""
    python = venv_python()
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((HERE / name).read_bytes())
    stamp = VENV / f".installed{extra or '-plain'}-{digest.hexdigest()[:16]}"
    if stamp.exists() and subprocess.run([python, "-c", "import m3n_studio"], check=False, cwd=VENV).returncode == 0:
        return python
    if not python.exists():
        say("making a virtual environment in .venv")
        run([sys.executable, "-m", "venv", "--clear", VENV])
    say("installing m3n Studio and what it needs (a few minutes the first time)")
    quiet = [] if os.environ.get("M3N_VERBOSE") else ["-q"]
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *quiet]
    run([*pip, "-c", HERE / "constraints.txt", "-e", f"{HERE}{extra}"])
    stamp.touch()
    return python


class VirtualScreen:
    """An X server without hardware, used where no display is set; stopped on leaving."""

    def __init__(self, *, always: bool = False) -> None:
        self.needed = sys.platform.startswith("linux") and (always or not has_display())
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> dict[str, str]:
        env = dict(os.environ)
        if not self.needed:
            return env
        server = shutil.which("Xvfb")
        if server is None:
            stop("there is no screen, and Xvfb (package xvfb) is not installed to stand in for one")
        read, write = os.pipe()
        self.process = subprocess.Popen(
            [str(server), "-displayfd", str(write), "-screen", "0", "1920x1200x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            stop("the virtual screen (Xvfb) did not start")
        env.pop("WAYLAND_DISPLAY", None)
        return {**env, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1"}

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)


def has_display() -> bool:
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def demo() -> None:
    python = install_program(extra="")
    shown = has_display()
    with VirtualScreen() as env:
        say("opening the demo" if shown else "no screen here: running the demo on a virtual one")
        screenless = [] if shown else ["--no-window"]
        run([python, "-m", "m3n_studio", "demo", "--out", "demo-out", *screenless], env=env, cwd=HERE)
    say(f"the command is {python.with_name('m3n-studio')}; `. .venv/bin/activate` puts it on the path")


def check_wheel(python: Path) -> None:
    """Build the wheel and run it away from the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [python, "-m", "pip", "--disable-pip-version-check", "-q"]
        run([*pip, "wheel", "--no-deps", "-w", folder, HERE])
        wheel = next(Path(folder).glob("*.whl"))
        site = Path(folder) / "site"
        run([*pip, "install", "--no-deps", "--target", site, wheel])
        code = (
            "import pathlib, m3n_studio; from m3n_studio.body.files import default_body;"
            "from m3n_studio.cli import main;"
            f"assert pathlib.Path(m3n_studio.__file__).is_relative_to({str(site)!r}), m3n_studio.__file__;"
            "print('wheel:', default_body().vertices.shape[0], 'vertices'); main(['info', 'demo:walk'])"
        )
        # -S skips the editable install's import hook; the dependencies stay reachable
        packages = subprocess.check_output(
            [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], text=True
        ).strip()
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), packages])}
        run([python, "-S", "-c", code], cwd=folder, env=env)


def test(arguments: list[str]) -> None:
    python = install_program(extra="[test]")
    if not arguments:
        say("ruff, mypy, import-linter")
        run([python, "-m", "ruff", "check", "."], cwd=HERE)
        run([python, "-m", "ruff", "format", "--check", "."], cwd=HERE)
        run([python, "-m", "mypy"], cwd=HERE)
        run([VENV / "bin" / "lint-imports"], cwd=HERE)
        say("the wheel, away from the checkout")
        check_wheel(python)
    env = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if arguments:
        with VirtualScreen(always=not os.environ.get("M3N_TEST_DISPLAY")) as screen:
            run([python, "-m", "pytest", *arguments], cwd=HERE, env={**screen, **env})
        return
    workers = min(4, os.cpu_count() or 1)
    say("pytest, all but the window")
    with VirtualScreen(always=True) as screen:
        command = [python, "-m", "pytest", "-n", str(workers), "--dist", "loadfile", "--ignore", "tests/studio"]
        run(command, cwd=HERE, env={**screen, **env})
    say("pytest, the window: a process and a screen for every file")
    test_window_files(python, env, workers)


def test_window_files(python: Path, env: dict[str, str], workers: int) -> None:
    """Run every file of window tests in a process of its own: native state does not pass from one to the next."""

    def one(file: Path) -> tuple[Path, subprocess.CompletedProcess[str]]:
        with VirtualScreen(always=True) as screen:
            command = [str(python), "-X", "faulthandler", "-m", "pytest", "-q", str(file)]
            return file, subprocess.run(
                command, cwd=HERE, env={**screen, **env}, text=True, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip

    failed = []
    with ThreadPoolExecutor(workers) as pool:
        for file, done in pool.map(one, sorted((HERE / "tests" / "studio").glob("test_*.py"))):
            lines = done.stdout.strip().splitlines()
            print(f"{file.relative_to(HERE)}: {lines[-1] if lines else 'no output'}", flush=True)
            if done.returncode:
                failed.append(file.name)
                print(done.stdout, flush=True)
    if failed:
        stop(f"window tests failed in {', '.join(failed)}")


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in {"demo", "test"}:
        sys.exit(__doc__)
    check_platform()
    install_system_libraries()
    if sys.argv[1] == "demo":
        demo()
    else:
        test(sys.argv[2:])


if __name__ == "__main__":
    main()
