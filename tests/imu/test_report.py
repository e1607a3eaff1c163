"""The written report: it holds the figures of the report object, stands alone and is well formed."""

import csv
from datetime import datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from m3n_studio import so3
from m3n_studio.errors import FileError
from m3n_studio.imu.align import align
from m3n_studio.imu.evidence import gather
from m3n_studio.imu.mode_compare import QUANTILE, best, compare_modes
from m3n_studio.imu.placement import named_placement
from m3n_studio.imu.report import doubts, write_report
from m3n_studio.imu.simulate import simulate
from tests.imu.motions import free_body, lively_clip
from tests.imu.test_moments import lively

NOON = datetime(2026, 1, 2, 12, 0)


@pytest.fixture(scope="module")
def evidence():
    simulated = lively(seconds=20.0)
    R = so3.matrix_from_rotvec([0.3, 0.1, -0.2])
    rng = np.random.default_rng(0)
    real = simulated.with_(
        name="watch <1>", time_s=simulated.time_s + 0.2,
        acc_mps2=simulated.acc_mps2 @ R + rng.normal(size=(len(simulated), 3)) * 0.3,
        gyr_radps=simulated.gyr_radps @ R + rng.normal(size=(len(simulated), 3)) * 0.1,
    )  # fmt: skip
    return gather(simulated, real, align(simulated, real, ("clock", "mount")))


def test_the_table_holds_every_figure_of_the_report(evidence, tmp_path):
    path = write_report(tmp_path / "r.csv", [evidence], provenance={"Motion": "a, b"}, now=lambda: NOON)
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    found = {
        (r["section"], r["quantity"], r["axis"], r["measure"]): r["value"] for r in rows if r["section"] == "whole"
    }
    for row in evidence.report.channels:
        assert float(found["whole", row.quantity, row.axis, "RMSE"]) == row.rmse
        assert float(found["whole", row.quantity, row.axis, "r"]) == row.r
        for (low, high), value in zip(evidence.report.bands_hz, row.coherence, strict=True):
            told = found["whole", row.quantity, row.axis, f"coherence {low:g}-{high:g} Hz"]
            assert told == ("" if value is None else repr(value))
    assert float(found["whole", "acc", "magnitude", "MSE (zscore)"]) == evidence.report.mse_acc
    windows = [r for r in rows if r["section"] == "window"]
    assert len(windows) == 16 * len(evidence.windows)
    said = {r["measure"]: r["value"] for r in rows if r["section"] == "provenance"}
    assert said["Motion"] == "a, b"
    assert said["Written"] == "2026-01-02 12:00"
    offset = next(r for r in rows if r["measure"] == "clock offset")
    assert float(offset["value"]) == evidence.alignment.clock.offset_s


def test_the_page_stands_alone_and_holds_the_figures(evidence, tmp_path):
    path = write_report(tmp_path / "r.html", [evidence], title="A & B", provenance={"Motion": "<m>"}, now=lambda: NOON)
    text = path.read_text("utf-8")
    page = ElementTree.fromstring(text.split("\n", 1)[1].replace('<meta charset="utf-8">', "").replace(
        '<meta name="viewport" content="width=device-width">', ""))  # fmt: skip
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in text
    words = " ".join(page.itertext())
    for row in evidence.report.channels:
        assert f"{row.rmse:.3f} {row.unit}" in words
        assert f"{row.r:.4f}" in words
    assert "watch <1>" in words
    assert "<m>" in words
    assert evidence.moments
    for moment in evidence.moments:
        assert f"{moment.start_s:.2f}–{moment.end_s:.2f} s" in words
    figures = list(page.iter("{http://www.w3.org/2000/svg}svg"))
    assert len(figures) >= 4 + min(4, len(evidence.moments))
    drawn = list(page.iter("{http://www.w3.org/2000/svg}path"))
    assert all("nan" not in p.attrib["d"] for p in drawn)


def test_a_name_without_a_known_ending_is_refused_and_nothing_is_left(evidence, tmp_path):
    with pytest.raises(FileError, match=r"\.html or \.csv"):
        write_report(tmp_path / "r.pdf", [evidence])
    with pytest.raises(FileError):
        write_report(tmp_path / "missing" / "r.html", [evidence])
    assert list(tmp_path.iterdir()) == []


def test_modes_are_judged_with_one_alignment_and_the_best_is_marked(tmp_path):
    body, clip = free_body(), lively_clip(rate_hz=60.0, duration_s=8.0)
    places = [named_placement(body, "left_wrist")]
    (truth,) = simulate(body, clip, places)
    found = align(truth, truth, ("clock", "mount"))
    seen = []
    rows = compare_modes(body, clip, places, {"left_wrist": (truth, found)}, progress=lambda *at: seen.append(at))
    by_mode = {row.mode: row for row in rows}
    assert {"exact", "transpose", "imusim", "wimusim", QUANTILE} <= set(by_mode)
    assert by_mode["exact"].values["r_acc"] == pytest.approx(1.0, abs=1e-6)
    assert best(rows)["rmse_acc"] in ("exact", QUANTILE)
    assert best(rows)["rmse_gyr"] in ("exact", QUANTILE)
    assert by_mode["transpose"].values["rmse_acc"] > 10 * by_mode["exact"].values["rmse_acc"]
    assert [done for done, _ in seen] == list(range(len(seen)))
    text = write_report(tmp_path / "m.html", [], modes=rows).read_text()
    assert "Fidelity" in text


def resting(seed=0):
    """A signal that rests for its last ten seconds."""
    signal = lively(seconds=20.0, seed=seed)
    late = signal.time_s >= 10.0
    acc, gyr = signal.acc_mps2.copy(), signal.gyr_radps.copy()
    acc[late], gyr[late] = (0.0, 0.0, 9.81), 0.0
    return signal.with_(acc_mps2=acc, gyr_radps=gyr)


DOUBTS = {
    "upside down": lambda s: s.with_(acc_mps2=-s.acc_mps2),
    "without gravity": lambda s: s.with_(acc_mps2=s.acc_mps2 - s.acc_mps2[-1]),
    "not 9.81": lambda s: s.with_(acc_mps2=s.acc_mps2 / 9.81 * 4.0),
    "The clock is a guess": lambda s: lively(seconds=20.0, seed=9),
}


@pytest.mark.parametrize("words", DOUBTS)
def test_what_is_wrong_with_a_recording_as_a_whole_is_said(words):
    simulated = resting()
    real = DOUBTS[words](simulated)
    found = gather(simulated, real, align(simulated, real, ("clock", "mount")))
    assert any(words in doubt for doubt in doubts(found))
    good = gather(simulated, simulated, align(simulated, simulated, ("clock", "mount")))
    assert doubts(good) == ()
