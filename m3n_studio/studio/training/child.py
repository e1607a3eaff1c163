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
import traceback

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
    """Run the command line with what follows the module's name, and end at once when it is done.

    By then every file is closed; taking torch down in order costs seconds, for which nobody waits.
    """
    threading.Thread(target=watch, daemon=True).start()
    sys.argv[0] = "m3n-studio"
    code: object = 0
    try:
        runpy.run_module("m3n_studio", run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
