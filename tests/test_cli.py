"""The command line does what its help says, and every mistake ends in one readable line."""

import csv
import json

import numpy as np
import pytest

from m3n_studio.cli import main
from m3n_studio.demo import recording_path

MOTION = "demo:pack_box"


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    code = 0
    try:
        main([str(a) for a in arguments])
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def simulated(tmp_path, capsys):
    path = tmp_path / "simulated.csv"
    code, _, err = run(capsys, "simulate", MOTION, "--rate", 100, "--out", path)
    assert code == 0, err
    return path


def test_simulate_writes_the_documented_columns(simulated):
    with simulated.open() as file:
        rows = csv.reader(file)
        header, first = next(rows), next(rows)
    axes = [f"{side}_wrist_{kind}_{axis}" for side in ("left", "right") for kind in ("acc", "gyr") for axis in "xyz"]
    assert header == ["time_s", "valid", *axes]
    assert len(first) == len(header)


def test_simulate_takes_placements_shape_mode_and_device(tmp_path, capsys):
    out = tmp_path / "one.h5"
    code, _, err = run(
        capsys, "simulate", MOTION, "--placement", "left_ankle", "--shape", "stature=1.85,forearm=+10%",
        "--device", "smartwatch", "--mode", "exact", "--bandwidth-hz", 12, "--rate", 50, "--out", out,
    )  # fmt: skip
    assert code == 0, err
    code, text, _ = run(capsys, "info", out)
    assert code == 0
    assert "left_ankle" in text
    assert "50 Hz" in text


def test_a_trajectory_at_rest_reads_gravity(tmp_path, capsys):
    still = tmp_path / "still.csv"
    time = np.arange(200) / 100
    rows = np.column_stack([time, np.tile([0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0], (200, 1))])
    np.savetxt(still, rows, delimiter=",", header="time_s,px,py,pz,qw,qx,qy,qz", comments="")
    out = tmp_path / "still_imu.csv"
    code, _, err = run(capsys, "simulate", "--trajectory", still, "--up", "z", "--out", out)
    assert code == 0, err
    data = np.genfromtxt(out, delimiter=",", names=True)
    acc = np.column_stack([data[n] for n in data.dtype.names if "_acc_" in n])[data["valid"] == 1]
    assert len(acc) > 100
    np.testing.assert_allclose(np.linalg.norm(acc, axis=1), 9.81, atol=1e-6)
    np.testing.assert_allclose(acc[:, 2], 9.81, atol=1e-6)


def test_fidelity_prints_a_table_and_strict_json(simulated, capsys):
    code, text, err = run(capsys, "fidelity", simulated, recording_path(), "--lowpass-hz", 10)
    assert code == 0, err
    assert "left_wrist" in text
    code, text, _ = run(capsys, "fidelity", simulated, recording_path(), "--align", "clock,mount", "--json")
    assert code == 0
    reports = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert len(reports) == 2
    assert abs(reports[0]["alignment"]["clock"]["offset_s"] - 0.37) < 0.02


@pytest.mark.parametrize("suffix", ["html", "csv"])
def test_fidelity_writes_a_report(simulated, tmp_path, capsys, suffix):
    out = tmp_path / f"report.{suffix}"
    code, _, err = run(capsys, "fidelity", simulated, recording_path(), "--lowpass-hz", 10, "--report", out)
    assert code == 0, err
    assert str(out) in err
    words = out.read_text(encoding="utf-8")
    assert "left_wrist" in words
    assert str(recording_path()) in words


def test_alignment_is_what_makes_them_agree(simulated, capsys):
    def mean_r(align: str) -> float:
        _, text, _ = run(
            capsys, "fidelity", simulated, recording_path(), "--align", align, "--lowpass-hz", 10, "--json"
        )
        return float(np.mean([row["r"] for row in json.loads(text)[0]["channels"] if row["r"] is not None]))

    assert mean_r("clock,mount") > 0.9
    assert mean_r("none") < mean_r("clock,mount") - 0.2


def test_augment_writes_every_body(tmp_path, capsys):
    out = tmp_path / "bodies.h5"
    code, _, err = run(capsys, "augment", MOTION, "--bodies", 20, "--seed", 1, "--out", out)
    assert code == 0, err
    import h5py

    with h5py.File(out) as file:
        assert any(20 in d.shape for d in file.values() if isinstance(d, h5py.Dataset))
    code, text, _ = run(capsys, "info", out)
    assert code == 0
    assert "20 of m3n, seed 1" in text
    assert "left_wrist, right_wrist" in text


def test_augment_draws_the_bodies_of_a_population_as_the_window_does(tmp_path, capsys):
    import h5py

    from m3n_studio.body.files import default_body
    from m3n_studio.imu.population import Population, Spread, draw
    from m3n_studio.imu.population_file import save_population

    population = Population(("stature", "forearm"), (Spread("normal", 1.9, 0.02), Spread("uniform", 0.24, 0.26)))
    for name in ("tall.toml", "tall.json"):
        save_population(tmp_path / name, population)
        out = tmp_path / f"{name}.h5"
        code, _, err = run(
            capsys, "augment", MOTION, "--population", tmp_path / name, "--bodies", 20, "--seed", 4, "--out", out
        )
        assert code == 0, err
        vectors, measured = draw(default_body(), population, 20, 4)
        with h5py.File(out) as file:
            np.testing.assert_array_equal(file["shapes/vectors"][:], vectors)
            np.testing.assert_allclose(file["shapes/lengths_m"][:, 0], measured[:, 0], atol=1e-6)


def test_a_preset_stands_for_a_population(tmp_path, capsys):
    out = tmp_path / "people.h5"
    code, _, err = run(capsys, "augment", MOTION, "--population", "people", "--bodies", 5, "--out", out)
    assert code == 0, err
    assert out.stat().st_size > 0


def test_a_motion_becomes_an_animated_body(tmp_path, capsys):
    from m3n_studio.studio.scene.gltf import read_glb

    out = tmp_path / "body.glb"
    code, _, err = run(capsys, "convert", MOTION, "--out", out)
    assert code == 0, err
    assert np.isfinite(read_glb(out).vertices(3)).all()


def test_info_lists_the_demo_motions_with_a_sentence_each(capsys):
    code, text, _ = run(capsys, "info", "demo")
    assert code == 0
    lines = text.splitlines()
    assert len(lines) >= 6
    assert all(line.startswith("demo:") and line.endswith(".") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "needle"),
    [
        (["simulate", "no_such.bvh", "--out", "x.csv"], "no_such.bvh"),
        (["simulate", MOTION, "--placement", "left_rist", "--out", "x.csv"], "left_wrist"),
        (["simulate", MOTION, "--shape", "statur=1.8", "--out", "x.csv"], "stature"),
        (["simulate", MOTION, "--mode", "exakt", "--out", "x.csv"], "exact"),
        (["simulate", MOTION, "--device", "smartwach", "--out", "x.csv"], "smartwatch"),
        (["simulate", "--out", "x.csv"], "--trajectory"),
        (["simulate", "demo:pack_bx", "--out", "x.csv"], "pack_box"),
        (["simulate", MOTION, "--out", "no/such/folder/x.csv"], "no/such/folder"),
        (["simulate", MOTION, "--out", "x.docx"], ".csv"),
        (["fidelity", "missing.csv", "missing.csv"], "missing.csv"),
        (["info", "/"], "/"),
        (["augment", MOTION, "--bodies", "0", "--out", "x.h5"], "bodies"),
        (["augment", MOTION, "--population", "peple", "--out", "x.h5"], "people"),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_mistake_is_one_line_that_helps(arguments, needle, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert needle in err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_rubbish_gets_one_error_from_info(tmp_path, capsys):
    rubbish = tmp_path / "rubbish.npz"
    rubbish.write_bytes(b"not an archive")
    code, _, err = run(capsys, "info", rubbish)
    assert code == 2
    assert str(rubbish) in err


def test_doctor_names_every_part(capsys):
    code, out, _ = run(capsys, "doctor")
    assert code in (0, 2)
    for part in ("Python", "display", "OpenGL", "torch", "default body", "demo motions", "plugins", "disk"):
        assert part in out
