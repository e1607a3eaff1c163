"""How close each way of simulating comes to real IMUs, on public recordings with known motion.

    python benchmarks/fidelity.py [DATA] [--json FILE]

DATA holds ``broad``, ``qmt_full_body`` and ``gaitmap_foot`` (default: ``$M3N_SHARED_DATA`` or
``../shared/data`` beside the checkout). Every mode gets the same trajectories; its result is
aligned by the exact mode's fit of clock and mount, so that no mode gains or loses by an
alignment of its own (letting each fit its own clock changes no figure by more than .002), and
both sides pass the same 10 Hz low-pass. Figures are medians over sensors and axes; ``worst`` is
the lowest r of any axis of any sensor.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from statistics import median

from m3n_studio.imu.align import align
from m3n_studio.imu.align_lever import fit_lever
from m3n_studio.imu.fidelity import FidelityReport, compare
from m3n_studio.imu.settings import Settings
from m3n_studio.imu.simulate import simulate_trajectory
from m3n_studio.recordings import broad, gaitmap, qmt

MODES = ("exact", "transpose", "imusim", "wimusim")
LOWPASS_HZ = 10.0
#: Where on its segment the sensor sits is not recorded; one row has it fitted.
PLACE_UNKNOWN = ("gaitmap_foot",)
SETTINGS = Settings(bandwidth_hz=None)


def cases(root: Path):
    """``(data set, sensor, trajectory, real, where, parts to align, has translation)`` of every sensor."""
    for path in sorted((root / "broad").glob("*.hdf5")):
        trial = broad.read_trial(path)
        yield "broad", path.stem[:2], trial.trajectory, trial.signal, trial.movement, ("clock",), True
    path = root / "qmt_full_body" / "full_body_example_data.mat"
    if path.exists():
        for trajectory, real in zip(qmt.read_trajectories(path), qmt.read(path), strict=True):
            yield "qmt_full_body", real.name, trajectory, real, None, ("clock", "mount"), False
    folder = root / "gaitmap_foot"
    if folder.is_dir():
        signals = {signal.name: signal for signal in gaitmap.read(folder / "imu_sample.csv")}
        for trajectory in gaitmap.read_trajectories(folder / "mocap_sample.csv"):
            yield "gaitmap_foot", trajectory.name, trajectory, signals[trajectory.name], None, ("clock", "mount"), True


def figures(reports: list[FidelityReport], quantity: str) -> tuple[float, float, float, float, float]:
    """Median r and RMSE over axes, worst r, median r of the magnitude and median normalised error."""
    rows = [report.row(quantity, axis) for report in reports for axis in "xyz"]
    magnitudes = [report.row(quantity, "magnitude").r or 0.0 for report in reports]
    errors = [getattr(report, f"mse_{quantity}") for report in reports]
    return (
        median(row.r or 0.0 for row in rows), median(row.rmse for row in rows), min(row.r or 0.0 for row in rows),
        median(magnitudes), median(errors),
    )  # fmt: skip


def run(root: Path) -> dict[str, dict[str, list[tuple[FidelityReport, bool]]]]:
    out: dict[str, dict[str, list[tuple[FidelityReport, bool]]]] = {}
    for data_set, _, trajectory, real, where, parts, moves in cases(root):
        exact = simulate_trajectory(trajectory, settings=SETTINGS)
        shared = align(exact, real, parts)
        for mode in MODES:
            simulated = exact if mode == "exact" else simulate_trajectory(trajectory, settings=SETTINGS, mode=mode)
            report = compare(simulated, shared.corrected(real), lowpass_hz=LOWPASS_HZ, where=where)
            out.setdefault(data_set, {}).setdefault(mode, []).append((report, moves))
        if data_set in PLACE_UNKNOWN:
            corrected = shared.corrected(real)
            report = compare(fit_lever(exact, corrected).apply(exact), corrected, lowpass_hz=LOWPASS_HZ, where=where)
            out[data_set].setdefault("exact + lever", []).append((report, moves))
    return out


def table(results: dict[str, dict[str, list[tuple[FidelityReport, bool]]]]) -> str:
    head = f"{'':16}{'acc r':>8}{'worst':>8}{'rmse':>8}{'‖a‖ r':>8}{'‖a‖ mse':>9}"
    head += f"{'gyr r':>9}{'worst':>8}{'rmse':>8}{'‖ω‖ r':>8}{'‖ω‖ mse':>9}"
    lines = [head]
    for data_set, modes in results.items():
        first = next(iter(modes.values()))
        lines.append(f"{data_set} ({len(first)} sensors)")
        for label, entries in modes.items():
            reports = [report for report, _ in entries]
            cells = f"  {label:14}"
            for quantity in ("acc", "gyr"):
                if quantity == "acc" and not entries[0][1]:
                    cells += "   (no translation known: not judged)".ljust(41)
                    continue
                r, rmse, worst, magnitude, error = figures(reports, quantity)
                cells += (
                    f"{r:>{8 if quantity == 'acc' else 9}.4f}{worst:>8.4f}{rmse:>8.3f}{magnitude:>8.4f}{error:>9.4f}"
                )
            lines.append(cells)
    return "\n".join(lines)


def main() -> int:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=Path(os.environ.get("M3N_SHARED_DATA", beside)))
    parser.add_argument("--json", type=Path, help="write every report there")
    asked = parser.parse_args()
    start = time.perf_counter()
    results = run(asked.data)
    if not results:
        print(f"no recordings in {asked.data}; name the folder that holds broad, qmt_full_body, gaitmap_foot")
        return 1
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"both sides low-passed at {LOWPASS_HZ:g} Hz; rmse in m/s² and rad/s; mse of z-scored magnitudes"
    )
    print(table(results))
    print(f"{time.perf_counter() - start:.1f} s")
    if asked.json:
        plain = {d: {m: [json.loads(r.to_json()) for r, _ in rs] for m, rs in ms.items()} for d, ms in results.items()}
        asked.json.write_text(json.dumps(plain, indent=1, allow_nan=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
