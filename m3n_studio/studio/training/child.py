"""``m3n-studio`` as a child of the window: the same command line, which ends when the window does. No Qt.

The window holds the other end of standard input. When that is closed, because the user wants no more or
because the window is gone, however it went, the command is interrupted as by Ctrl-C and writes its
checkpoint; where it does not end within :data:`GRACE_S`, it is ended.
"""

from __future__ import annotations

import _thread
import os
import runpy
import sys
import threading
import time

GRACE_S = 20.0


def watch(descriptor: int = 0) -> None:
    """Wait for the end of a file, then interrupt the main thread."""
    try:
        while os.read(descriptor, 1):
            pass
    except OSError:  # it was closed from within
        return
    _thread.interrupt_main()
    time.sleep(GRACE_S)
    os._exit(130)


def main() -> None:
    """Run the command line with what follows the module's name."""
    threading.Thread(target=watch, daemon=True).start()
    sys.argv[0] = "m3n-studio"
    runpy.run_module("m3n_studio", run_name="__main__")


if __name__ == "__main__":
    main()
