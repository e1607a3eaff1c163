"""m3n Studio: virtual IMUs from SMPL bodies, judged against real recordings.

The package is layered and imports point one way only::

    studio, cli -> imu -> motion, recordings -> body -> so3, errors, plugins, resources

Importing it costs next to nothing: no Qt, no torch, no SciPy.
"""

__version__ = "0.1.0"
