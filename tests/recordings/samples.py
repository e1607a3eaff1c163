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


def openpack(path, n=40, start_ms=1634885794250):
    rng = np.random.default_rng(9)
    lines = ["unixtime,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z,quat_w,quat_x,quat_y,quat_z"]
    for i in range(n):
        values = [*rng.normal(size=3), *(rng.normal(size=3) * 50), 1.0, 0.0, 0.0, 0.0]
        lines.append(f"{start_ms + 33 * i}," + ",".join(f"{v:.6f}" for v in values))
    path.write_text("\n".join(lines) + "\n")


def openpack_user(root):
    """A user's folder as published: two wrists and the session's operations."""
    for device in ("atr01", "atr02"):
        folder = root / "U0102" / "atr" / device
        folder.mkdir(parents=True)
        openpack(folder / "S0100.csv")
    folder = root / "U0102" / "annotation" / "openpack-operations"
    folder.mkdir(parents=True)
    (folder / "S0100.csv").write_text(
        "uuid,user,session,box,id,operation,start,end,actions\n"
        "a,U0102,S0100,BOX01,100,Picking,2021-10-22 15:56:34.300000+09:00,2021-10-22 15:56:34.700000+09:00,[]\n"
        "b,U0102,S0100,BOX01,8200,Null,2021-10-22 15:56:34.700000+09:00,2021-10-22 15:56:35.100000+09:00,[]\n"
    )
    return root / "U0102" / "atr" / "atr02" / "S0100.csv"


def mmfit(path, n=60):
    rng = np.random.default_rng(10)
    frames, ms = np.arange(n) // 3 + 100, 1000.0 + 10.0 * np.arange(n)
    np.save(path, np.column_stack([frames, ms, 9.0 + rng.normal(size=(n, 3))]))
    turning = np.column_stack([frames, ms + 4.0, np.column_stack([ms, 2 * ms, 3 * ms]) / 1000.0])
    np.save(path.with_name(path.name.replace("_acc", "_gyr")), turning)
    path.with_name(path.name.split("_")[0] + "_labels.csv").write_text(
        "105,110,10,squats\n112,116,8,lunges\n900,950,5,situps\n"
    )


def npy(path, n=30):
    rng = np.random.default_rng(11)
    np.save(path, np.column_stack([np.arange(n) / 50.0, rng.normal(size=(n, 6))]))


def utd_mhad(path, n=150):
    from scipy.io import savemat

    rng = np.random.default_rng(12)
    savemat(path, {"d_iner": np.hstack([rng.normal(size=(n, 3)) * 0.1 + [0, 0, 1.0], rng.normal(size=(n, 3)) * 90])})


def bids_motion(path, n=40):
    rng = np.random.default_rng(13)
    stem = path.name.removesuffix("_motion.tsv")
    rows = ["\t".join(f"{v:.6f}" for v in rng.normal(size=10)) for _ in range(n)]
    path.write_text("\n".join(rows) + "\n")
    channels = ["name\tcomponent\ttype\ttracked_point\tunits"]
    for kind, unit in (("ACCEL", "g"), ("GYRO", "deg/s"), ("MAGN", "uT")):
        channels += [f"w_{kind}_{axis}\t{axis}\t{kind}\tLeftWrist\t{unit}" for axis in "xyz"]
    channels.append("w_q\tquat_w\tORNT\tLeftWrist\tn/a")
    path.with_name(f"{stem}_channels.tsv").write_text("\n".join(channels) + "\n")
    path.with_name(f"{stem}_motion.json").write_text('{"SamplingFrequency": 40.0, "TaskName": "walk"}')
    path.with_name(f"{stem}_events.tsv").write_text("onset\tduration\ttrial_type\n0.1\t0.4\twalk\n0.6\tn/a\tclap\n")


def plain_hdf5(path, n=40):
    rng = np.random.default_rng(14)
    with h5py.File(path, "w") as file:
        file["time"] = np.arange(n) / 20.0
        for name in ("left", "right"):
            group = file.create_group(f"sensors/{name}")
            group["accelerometer"], group["gyro"] = rng.normal(size=(n, 3)), rng.normal(size=(n, 3)) * 90
            group["accelerometer"].attrs["units"] = np.bytes_("g")
            group["gyro"].attrs["units"] = np.bytes_("deg/s")
        file["label"] = np.array([b"walk"] * 15 + [b""] * 5 + [b"sit"] * (n - 20))


def apdm(path, n=20):
    rng = np.random.default_rng(15)
    names = [f"{sensor}/{kind}/{axis}" for sensor in ("Upper", "Lower")
             for kind in ("Acceleration", "Angular Velocity", "Magnetic Field") for axis in "XYZ"]  # fmt: skip
    units = (["m/s^2"] * 3 + ["rad/s"] * 3 + ["uT"] * 3) * 2
    lines = ["Test Name:,made here" + "," * 17, "Sample Rate:,128,Hz" + "," * 16, "Time," + ",".join(names),
             "s," + ",".join(units)]  # fmt: skip
    lines += [f"{i / 128!r}," + ",".join(repr(float(v)) for v in rng.normal(size=18)) for i in range(n)]
    path.write_text("\n".join(lines) + "\n")


#: reader's name: (file name, how to write one)
SAMPLES = {
    "m3n-csv": ("a.csv", m3n_csv), "m3n-hdf5": ("a.h5", m3n_hdf5), "broad": ("b.hdf5", broad), "qmt": ("c.mat", qmt),
    "gaitmap": ("d.csv", gaitmap), "watch": ("s01_01_sw.csv", watch), "xsens": ("MT_00B4.txt", xsens),
    "csv": ("e.csv", generic), "openpack": ("S0100.csv", openpack), "mmfit": ("w03_sw_l_acc.npy", mmfit),
    "npy": ("f.npy", npy), "utd-mhad": ("a5_s2_t1_inertial.mat", utd_mhad),
    "bids-motion": ("sub-01_task-walk_tracksys-imu_motion.tsv", bids_motion), "hdf5": ("g.h5", plain_hdf5),
    "apdm": ("h.csv", apdm),
}  # fmt: skip
