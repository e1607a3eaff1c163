"""A stranger's table with labels and subjects, and the recipe that says what it means."""

import numpy as np

RATE_HZ = 25.0

RECIPE = """
format = "m3n-recipe"
version = 1
name = "mine"
files = "*.csv"
subject_column = "who"

[time]
column = "t"
unit = "ms"

[label]
column = "what"

[[sensor]]
name = "watch"
placement = "left_wrist"
acc = ["ax", "ay", "az"]
gyr = ["gx", "gy", "gz"]
acc_unit = "g"
gyr_unit = "deg/s"
"""

SENSORS = """
[[sensor]]
name = "{name}"
placement = "{placement}"
acc = ["ax", "ay", "az"]
gyr = ["gx", "gy", "gz"]
acc_unit = "g"
gyr_unit = "deg/s"
"""


def table(path, people, seconds=10.0):
    """Everybody walks (3 Hz), then sits (0.2 Hz), one below the other, each from 0 ms on; g and °/s."""
    rows = ["t,who,what,ax,ay,az,gx,gy,gz"]
    for number, who in enumerate(people):
        rng = np.random.default_rng(number)
        for i in range(int(2 * seconds * RATE_HZ)):
            t = i / RATE_HZ
            what, hz = ("walk", 3.0) if t < seconds else ("sit", 0.2)
            values = 0.3 * np.sin(2 * np.pi * hz * t) + rng.normal(0, 0.02, 6) + [0, 0, 1, 0, 0, 0]
            values[3:] *= 90
            rows.append(f"{1000 * t:g},{who},{what}," + ",".join(f"{v:.5f}" for v in values))
    path.write_text("\n".join(rows) + "\n")
