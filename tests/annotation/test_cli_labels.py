"""Labels from the command line."""

import json

import pytest

from m3n_studio.annotation.exchange.formats import read_labels, write_labels
from m3n_studio.annotation.exchange.values import LabelFile
from m3n_studio.cli import main
from tests.annotation.made import tier, track
from tests.annotation.test_exchange import exact_file


def run(capsys, *arguments):
    code = 0
    try:
        main([str(a) for a in arguments])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return code, out, err


def test_labels_are_converted_and_losses_said(tmp_path, capsys):
    source = tmp_path / "a.csv"
    write_labels(source, exact_file())
    code, _, err = run(capsys, "labels", "convert", source, tmp_path / "a.eaf")
    assert (code, err) == (0, f"wrote {tmp_path / 'a.eaf'}: 2 labels on 1 tiers, ELAN document\n")
    assert read_labels(tmp_path / "a.eaf") == exact_file()
    code, _, err = run(capsys, "labels", "convert", tmp_path / "a.eaf", tmp_path / "w.csv", "--to", "mmfit")
    assert code == 0
    assert "lost in MM-Fit labels, CSV: exact times of 2 annotations" in err
    assert (tmp_path / "w.csv").read_text() == "0,398,0,Picking\n399,484,0,Null\n"
    code, _, err = run(capsys, "labels", "convert", source, tmp_path / "x.csv", "--to", "mmfit", "--strict")
    assert code == 2
    assert not (tmp_path / "x.csv").exists()
    code, _, err = run(capsys, "labels", "convert", source, tmp_path / "x.csv", "--to", "mmfitt")
    assert code == 2
    assert "did you mean 'mmfit'" in err


def test_labels_are_compared(tmp_path, capsys):
    paths = []
    for name, spans in (("a", (("W", 0, 5), ("S", 5, 8))), ("b", (("W", 0, 5.2), ("S", 5.2, 7), ("R", 7, 8)))):
        paths.append(tmp_path / f"{name}.csv")
        write_labels(paths[-1], LabelFile((tier(),), track(*spans).annotations))
    code, out, _ = run(capsys, "labels", "compare", *paths)
    assert code == 0
    assert "agreement     85.0% of the time" in out
    assert "boundary F1   0.667 within 0.5 s (1 shared, 1 in the first, 2 in the second)" in out
    assert out.splitlines()[-2].split() == ["sitting", "0.20", "1.80", "1.00"]
    code, out, _ = run(capsys, "labels", "compare", *paths, "--json", "--end-s", "5")
    assert code == 0
    said = json.loads(out)
    assert said["kappa"] is None
    assert said["agreement"] == 1.0
    code, _, err = run(capsys, "labels", "compare", *paths, "--tier", "activty")
    assert code == 2
    assert "did you mean 'activity'" in err
    code, _, err = run(capsys, "labels", "compare", *paths, "--start-s", "9")
    assert code == 2
    assert "nothing to compare" in err


@pytest.mark.parametrize("name", ["csv", "openpack", "mmfit", "parquet", "elan", "label-studio", "bids", "audacity"])
def test_formats_are_listed(capsys, name):
    code, out, _ = run(capsys, "labels", "formats")
    assert code == 0
    assert any(line.startswith(name + " ") for line in out.splitlines())
