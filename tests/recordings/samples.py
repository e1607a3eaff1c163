"""Small files in the layout of every recording format, written by the tests themselves."""

import h5py
import numpy as np

from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.tables import write_signals


def signal(name="left_wrist", n=40, rate_hz=50.0, seed=0, start_s=0.0, invalid=()):
    rng = np.random.default_rng(seed)
    valid = np.ones(n, dtype=bool)
    valid[list(invalid)] = False
    return Signal(name, start_s + np.arange(n) / rate_hz, rng.normal(size=(n, 3)) * 9, rng.normal(size=(n, 3)), valid)


def m3n_csv(path):
    write_signals(path, [signal(), signal("right_wrist", seed=1)])


def m3n_hdf5(path):
    write_signals(path, [signal(), signal("right_wrist", seed=1)], {"made_by": "test"})


def broad(path, n=60):
    rng = np.random.default_rng(3)
    quat = rng.normal(size=(n, 4))
    quat /= np.linalg.norm(quat, axis=1, keepdims=True)
    quat[10:14] = np.nan
    with h5py.File(path, "w") as file:
        file.attrs["sampling_rate"] = 2000.0 / 7.0
        file["imu_acc"], file["imu_gyr"] = rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
        file["opt_pos"], file["opt_quat"] = rng.normal(size=(n, 3)), quat
        file["movement"] = np.arange(n) > 20


def qmt(path, n=30):
    from scipy.io import savemat

    rng = np.random.default_rng(4)
    segment = {"acc": rng.normal(size=(n, 3)), "gyr": rng.normal(size=(n, 3)), "quat": rng.normal(size=(n, 4))}
    savemat(path, {"t": np.arange(n) / 100.0, "hip": segment, "head": segment}, do_compression=True)


def gaitmap(path, n=20):
    rng = np.random.default_rng(5)
    channels = [f"{kind}_{axis}" for kind in ("acc", "gyr") for axis in "xyz"]
    pairs = [(f"{side}_sensor", channel) for channel in channels for side in ("left", "right")]
    lines = ["sensor," + ",".join(p[0] for p in pairs), "axis," + ",".join(p[1] for p in pairs)]
    lines += [f"{i}," + ",".join(f"{value:.6f}" for value in rng.normal(size=12) * 50) for i in range(n)]
    path.write_text("\n".join(lines) + "\n")


def watch(path, n=30):
    rng = np.random.default_rng(6)
    lines = ["x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label"]
    for i in range(n):
        values = ",".join(repr(float(v)) for v in rng.normal(size=6))
        lines.append(f"{values},{1657534605371 + 10 * (i - (i % 7 == 6))},{'WALKING' if i > 10 else 'SEATED'}")
    path.write_text("\n".join(lines) + "\n")


def xsens(path, n=20):
    rng = np.random.default_rng(7)
    head = ["// Start Time: Unknown", "// Update Rate: 100.0Hz", "// Firmware Version: 4.0.2"]
    names = ["PacketCounter", "SampleTimeFine", "Acc_X", "Acc_Y", "Acc_Z", "Gyr_X", "Gyr_Y", "Gyr_Z",
             "Quat_q0", "Quat_q1", "Quat_q2", "Quat_q3"]  # fmt: skip
    rows = []
    for i in range(n):
        quat = rng.normal(size=4)
        values = [*rng.normal(size=6), *(quat / np.linalg.norm(quat))]
        rows.append("\t".join([f"{(65530 + i) % 65536:05d}", "", *(f"{value:.6f}" for value in values)]))
    path.write_text("\n".join([*head, "\t".join(names), *rows]) + "\n")


def generic(path, n=25):
    rng = np.random.default_rng(8)
    lines = ["timestamp_ms,acc_x_g,acc_y_g,acc_z_g,gyr_x_dps,gyr_y_dps,gyr_z_dps"]
    lines += [f"{20 * i}," + ",".join(repr(float(v)) for v in rng.normal(size=6)) for i in range(n)]
    path.write_text("\n".join(lines) + "\n")


#: reader's name: (file name, how to write one)
SAMPLES = {
    "m3n-csv": ("a.csv", m3n_csv), "m3n-hdf5": ("a.h5", m3n_hdf5), "broad": ("b.hdf5", broad), "qmt": ("c.mat", qmt),
    "gaitmap": ("d.csv", gaitmap), "watch": ("s01_01_sw.csv", watch), "xsens": ("MT_00B4.txt", xsens),
    "csv": ("e.csv", generic),
}  # fmt: skip
