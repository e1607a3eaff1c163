"""The commands around importing, as a person types them."""

import pytest

from m3n_studio.cli import main
from tests.recordings import samples
from tests.recordings.test_recipe_guess import phone
from tests.shared import data_dir


def code(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


def test_a_folder_is_checked_and_nothing_written(tmp_path, capsys):
    samples.watch(tmp_path / "s01_01_sw.csv")
    samples.generic(tmp_path / "e.csv")
    before = sorted(tmp_path.iterdir())
    main(["import-check", str(tmp_path)])
    out, err = capsys.readouterr()
    assert "s01_01_sw.csv: watch (s01, 01), 2 labelled stretches of 2 classes" in out
    assert "2 read" in err
    assert sorted(tmp_path.iterdir()) == before


def test_a_bad_file_is_told_and_the_exit_code_says_so(tmp_path, capsys):
    samples.watch(tmp_path / "s01_01_sw.csv")
    (tmp_path / "s01_02_sw.csv").write_text("x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp\nx,1,1,1,1,1,1\n")
    assert _exit(["import-check", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert "s01_02_sw.csv: not read" in out
    assert "1 read" in err


def _exit(arguments):
    """Exit code of a command that ends by itself."""
    from typer.testing import CliRunner

    from m3n_studio.cli import app

    result = CliRunner().invoke(app, arguments)
    print(result.stdout, end="")
    import sys

    print(result.stderr, end="", file=sys.stderr)
    return result.exit_code


def test_an_unknown_remedy_names_the_nearest(tmp_path, capsys):
    samples.watch(tmp_path / "s01_01_sw.csv")
    assert code(["import-check", str(tmp_path), "--fix", "flip_gravty"]) == 2
    assert "flip_gravity" in capsys.readouterr().err


def test_guess_write_check_and_read_with_it(tmp_path, capsys):
    table, recipe = phone(tmp_path / "left_wrist.csv"), tmp_path / "phone.recipe.toml"
    main(["recipe", "guess", str(table), "--out", str(recipe)])
    assert "likely" in capsys.readouterr().err
    main(["recipe", "check", str(recipe), str(table)])
    assert "2 labelled stretches" in capsys.readouterr().out
    main(["import-check", str(tmp_path)])
    assert "at left_wrist" in capsys.readouterr().out
    recipe.write_text(recipe.read_text().replace("acc_unit", "acc_unt").replace("[time]", "[tme]"))
    assert code(["recipe", "check", str(recipe)]) == 2
    assert "'time'" in capsys.readouterr().err


def test_samples_are_listed_and_come_from_a_folder(tmp_path, capsys):
    main(["sample", "list"])
    assert "CC BY 4.0" in capsys.readouterr().out
    shared = data_dir("qmt_full_body").parent
    main(["sample", "fetch", "qmt_full_body", "--to", str(tmp_path), "--from", str(shared)])
    out, err = capsys.readouterr()
    assert out.strip() == str(tmp_path / "qmt_full_body")
    assert "Licence: MIT" in err
    assert (tmp_path / "qmt_full_body" / "full_body_example_data.mat").stat().st_size == 3642095
