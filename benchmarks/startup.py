"""Start-up: from the start of the process to the first painted window, median of several starts.

Each start is a fresh process that opens the empty window (as ``m3n-studio view`` without a
file does) or, with ``--contents``, a window with a body, sensors and traces in it, and reports
when it was first painted. Run with a display:
``xvfb-run -a -s "-screen 0 1280x1024x24" python benchmarks/startup.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

TARGET_S = 1.5

_CHILD = """
import sys, time
from m3n_studio.studio.app import application, dispose
from m3n_studio.studio.frame.window import Window
app = application()
window = Window(theme="light")
if sys.argv[1] == "contents":
    import numpy as np
    from m3n_studio.body.files import default_body
    from m3n_studio.motion.clip import Clip
    from m3n_studio.recordings.signal import Signal
    from m3n_studio.studio.core.contents import Contents
    from m3n_studio.studio.scene.stage import Scene
    n = 1800
    t = np.arange(n) / 60
    clip = Clip(60.0, 0.1 * np.sin(t)[:, None, None] * np.ones((1, 52, 3)), np.zeros((n, 3)))
    waves = np.sin(np.outer(t, (3, 4, 5)))
    signals = tuple(Signal(name, t, waves, waves) for name in ("left_wrist", "right_wrist"))
    window.show_contents(Contents("start", Scene.of(default_body(), clip), signals, signals))
window.show()
body = []
window.views["body"].viewport.painted.connect(lambda: body.append(1))
while not window.windowHandle().isExposed() or (sys.argv[1] == "contents" and not body):
    app.processEvents()
window.grab() if sys.argv[1] == "empty" else None
now = time.time()
heavy = sorted({m.split(".")[0] for m in sys.modules} & {"torch", "scipy", "h5py", "smplx"})
import json
print(json.dumps({"at": now, "cpu": time.process_time(), "heavy": heavy}))
dispose(window)
"""


def start(what: str) -> tuple[float, float, list[str]]:
    """Seconds from starting the process to the painted window, processor seconds, heavy modules imported."""
    begin = time.time()
    done = subprocess.run([sys.executable, "-c", _CHILD, what], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout.strip().splitlines()[-1])
    return report["at"] - begin, report["cpu"], report["heavy"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    starts = parser.parse_args().starts
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"start-up to first painted window, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} before,"
          f" median of {starts}")  # fmt: skip
    for what, words in (("empty", "empty window"), ("contents", "body, sensors and traces in it")):
        start(what)  # warm the disk cache
        runs = [start(what) for _ in range(starts)]
        times, heavy = [r[0] for r in runs], runs[0][2]
        cpu = statistics.median(r[1] for r in runs)
        figures = f"fastest {min(times):.2f}, processor time {cpu:.2f}, target {TARGET_S:g}"
        median, modules = statistics.median(times), ", ".join(heavy) or "none"
        print(f"  {words:32s} {median:5.2f} s  ({figures}); heavy modules imported: {modules}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
