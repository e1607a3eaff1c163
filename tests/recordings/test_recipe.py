"""Recipes: what they say is what is read; what they say wrongly is told with the nearest that is right."""

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.recordings.recipe import make_recipe, parse_recipe, read_recipe
from m3n_studio.recordings.recipe_read import read_raw

G = 9.81
HEAD = 'format = "m3n-recipe"\nversion = 1\n'
RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(40, 6))


def recipe(**content):
    base = {"format": "m3n-recipe", "version": 1, "time": {"column": "t"},
            "sensor": [{"acc": ["ax", "ay", "az"], "gyr": ["gx", "gy", "gz"]}]}  # fmt: skip
    return make_recipe(base | content)


def table(path, *, values=VALUES, times=None, delimiter=",", extra=(), header="t,ax,ay,az,gx,gy,gz", end="\n"):
    times = np.arange(len(values)) / 50.0 if times is None else times
    lines = [header.replace(",", delimiter)] if header else []
    for i, (time, row) in enumerate(zip(times, values, strict=True)):
        cells = [str(time), *(repr(float(v)) for v in row), *(column[i] for column in extra)]
        lines.append(delimiter.join(cells))
    path.write_text(end.join(lines) + end, newline="")
    return path


def test_units_axes_and_gravity_are_applied(tmp_path):
    path = table(tmp_path / "a.csv", times=1000 * np.arange(40) // 50)
    made = recipe(time={"column": "t", "unit": "ms"}, sensor=[{
        "acc": ["ax", "ay", "az"], "gyr": ["gx", "gy", "gz"], "acc_unit": "mg", "gyr_unit": "deg/s",
        "axes": ["-y", "x", "z"], "gravity": "down", "placement": "left_wrist", "device": "phone"}])  # fmt: skip
    (whole,) = made.read(path)
    turned = np.column_stack([-VALUES[:, 1], VALUES[:, 0], VALUES[:, 2]])
    turned_gyr = np.column_stack([-VALUES[:, 4], VALUES[:, 3], VALUES[:, 5]])
    assert whole.signals[0].acc_mps2 == pytest.approx(-turned * G / 1000)
    assert whole.signals[0].gyr_radps == pytest.approx(np.deg2rad(turned_gyr))
    assert (whole.recorded[0].placement, whole.recorded[0].device) == ("left_wrist", "phone")
    assert whole.signals[0].rate_hz == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("unit", "stamps", "clock"),
    [
        ("s", [str(1.7e9 + i * 0.02) for i in range(40)], "unix"),
        ("us", [str(20000 * i) for i in range(40)], "file"),
        ("ns", [str(20_000_000 * i) for i in range(40)], "file"),
        ("iso", [f"2024-05-01T12:00:00.{20 * i:03d}+02:00" for i in range(40)], "unix"),
    ],
)
def test_every_unit_of_time(tmp_path, unit, stamps, clock):
    (whole,) = recipe(time={"column": "t", "unit": unit}).read(table(tmp_path / "a.csv", times=stamps))
    assert np.diff(whole.signals[0].time_s) == pytest.approx(0.02, abs=1e-6)
    assert whole.clock == clock


@pytest.mark.parametrize(("delimiter", "name"), [(";", ";"), ("\t", "\t"), (" ", "whitespace")])
def test_delimiters_comments_skipped_lines_and_line_ends(tmp_path, delimiter, name):
    path = table(tmp_path / "a.csv", delimiter=delimiter, end="\r\n")
    path.write_bytes(b"junk\r\n\r\n# a remark\r\n" + path.read_bytes())
    (whole,) = recipe(file={"delimiter": name, "comment": "#", "skip_lines": 1}).read(path)
    assert whole.signals[0].acc_mps2 == pytest.approx(VALUES[:, :3])


def test_decimal_commas_quotes_and_other_encodings(tmp_path):
    path = tmp_path / "a.csv"
    rows = ['"Größe";"ax";"ay";"az";"wo"'] + [
        ";".join([f"{i / 50:.2f}".replace(".", ","), *(f"{v:.6f}".replace(".", ",") for v in VALUES[i, :3]), '"a;b"'])
        for i in range(40)
    ]
    path.write_bytes("\n".join(rows).encode("utf-16"))
    made = recipe(file={"delimiter": ";", "decimal": ",", "encoding": "utf-16"}, time={"column": "Größe"},
                  sensor=[{"acc": ["ax", "ay", "az"]}], label={"column": "wo"})  # fmt: skip
    (whole,) = made.read(path)
    assert whole.signals[0].acc_mps2 == pytest.approx(VALUES[:, :3], abs=1e-6)
    assert whole.recorded[0].absent == ("gyr",)


def test_no_header_a_rate_and_columns_by_position(tmp_path):
    path = table(tmp_path / "a.csv", header="")
    made = recipe(file={"header_rows": 0}, time={"rate_hz": 25.0}, sensor=[{"acc": [1, 2, 3], "gyr": [4, 5, 6]}])
    (whole,) = made.read(path)
    assert whole.signals[0].rate_hz == pytest.approx(25.0)
    assert whole.signals[0].gyr_radps == pytest.approx(VALUES[:, 3:])


def test_labels_subjects_and_sessions_split_a_table(tmp_path):
    who = ["u1"] * 20 + ["u2"] * 20
    what = (["1"] * 8 + ["0"] * 4 + ["2"] * 8) * 2
    path = table(tmp_path / "a.csv", header="t,ax,ay,az,gx,gy,gz,user,activity", extra=(who, what))
    made = recipe(
        subject_column="user", label={"column": "activity", "map": {"1": "walk", "2": "sit"}, "ignore": ["0"]}
    )
    first, second = made.read(path)
    assert (first.subject.id, second.subject.id) == ("u1", "u2")
    assert [(run.name, round(run.start_s, 2), round(run.stop_s, 2)) for run in second.labels[0].runs] == [
        ("walk", 0.4, 0.56), ("sit", 0.64, 0.8),
    ]  # fmt: skip


def test_a_long_table_gives_each_sensor_its_rows(tmp_path):
    sensor = ["L", "R"] * 20
    path = table(
        tmp_path / "a.csv", times=np.arange(40) // 2 / 50, header="t,ax,ay,az,gx,gy,gz,sensor", extra=(sensor,)
    )
    base = {"acc": ["ax", "ay", "az"], "gyr": ["gx", "gy", "gz"]}
    (whole,) = recipe(sensor=[{**base, "name": n, "where": {"sensor": n}} for n in ("L", "R")]).read(path)
    assert [signal.name for signal in whole.signals] == ["L", "R"]
    assert whole.signals[1].acc_mps2 == pytest.approx(VALUES[1::2, :3])


def test_a_gyroscope_in_its_own_file_is_joined_by_time(tmp_path):
    acc = table(tmp_path / "s1_acc.csv", values=VALUES[:, :3], header="t,x,y,z")
    times = np.arange(60) / 60.0 + 0.003
    ramp = np.column_stack([times, 2 * times, -times])
    table(tmp_path / "s1_gyr.csv", values=ramp, times=times, header="t,x,y,z")
    made = recipe(sensor=[{"acc": ["x", "y", "z"], "gyr": ["x", "y", "z"]}], gyr_file={"replace": ["_acc", "_gyr"]})
    (whole,) = made.read(acc)
    signal = whole.signals[0]
    assert not signal.valid[0]
    assert signal.gyr_radps[1:, 1] == pytest.approx(2 * signal.time_s[1:])
    assert len(whole.paths) == 2
    (tmp_path / "s1_gyr.csv").unlink()
    with pytest.raises(FileError, match="s1_gyr"):
        made.read(acc)


def test_the_path_says_who_and_where(tmp_path):
    folder = tmp_path / "P07"
    folder.mkdir()
    path = table(folder / "run3_lw.csv")
    made = recipe(path={"pattern": r"(?P<subject>P\d+)/run(?P<session>\d+)_(?P<placement>[a-z]+)",
                        "placements": {"lw": "left_wrist"}})  # fmt: skip
    (whole,) = made.read(path)
    assert (whole.subject.id, whole.session, whole.recorded[0].placement) == ("P07", "3", "left_wrist")


def test_fixes_are_applied_and_checks_see_what_was_before(tmp_path):
    times = np.arange(40) // 2 / 25.0
    path = table(tmp_path / "a.csv", times=times)
    with pytest.raises(FileError, match="drop_repeated_times"):
        recipe().read(path)
    (whole,) = recipe(fixes=["drop_repeated_times"]).read(path)
    assert len(whole.signals[0]) == 20
    assert any("drop_repeated_times" in note for note in whole.notes)
    assert len(read_raw(recipe(fixes=["drop_repeated_times"]), path)[0]) == 40


def test_a_recipe_comes_back_from_its_text(tmp_path):
    made = recipe(name="wörk", file={"delimiter": "\t", "missing": ["?"]}, label={"column": 7, "map": {"1": "go"}},
                  path={"pattern": "(?P<subject>s[0-9]+)"}, fixes=["flip_gravity"], gyr_file={"replace": ["a", "b"]},
                  )  # fmt: skip
    made.write(tmp_path / "x.recipe.toml")
    assert read_recipe(tmp_path / "x.recipe.toml") == made


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[file]\ndelimter = ';'\n", "'delimiter'"),
        ("labels = 1\n", "'label'"),
        ("[time]\ncolum = 't'\n", "'column'"),
        ("[time]\ncolumn = 't'\nrate_hz = 5\n[[sensor]]\nacc=['a','b','c']\n", "not both"),
        ("[time]\ncolumn = 't'\n[[sensor]]\nacc=['a','b']\n", "sensor.0.acc"),
        ("[time]\ncolumn = 't'\n[[sensor]]\nacc=['a','b','c']\naxes=['x','x','z']\n", "once each"),
        ("fixes = ['flip_gravty']\n[time]\ncolumn = 't'\n[[sensor]]\nacc=['a','b','c']\n", "'flip_gravity'"),
        ("[time]\ncolumn = 't'\n[[sensor]]\nacc=['a','b','c']\n[path]\npattern='(?P<subject>(a+)+b)'\n", "repetition"),
        ("[time]\ncolumn = 't'\n[[sensor]]\nacc=['a','b','c']\n[path]\npattern='(?P<who>a)'\n", "groups named"),
        (
            "[time]\ncolumn = 't'\n[[sensor]]\nacc=['a','b','c']\n[path]\npattern='(?P<subject>(a|aa)+$)'\n",
            "repetition",
        ),
        (
            "[time]\ncolumn = 't'\n[[sensor]]\nacc=['a','b','c']\n[path]\npattern='(?P<subject>.*.*.*.*.*)b'\n",
            "at most 4",
        ),
        ("[time\n", "no TOML"),
    ],
)
def test_a_wrong_recipe_says_what_would_be_right(text, message):
    with pytest.raises(FileError) as caught:
        parse_recipe(HEAD + text)
    assert message in str(caught.value)


@pytest.mark.parametrize("head", ['format = "other"\nversion = 1\n', 'format = "m3n-recipe"\nversion = 2\n'])
def test_another_format_or_version_is_refused(head):
    with pytest.raises(FileError, match=r"format|version"):
        parse_recipe(head)


def test_a_missing_column_names_the_nearest(tmp_path):
    with pytest.raises(FileError, match="'ax'"):
        recipe(sensor=[{"acc": ["axx", "ay", "az"]}]).read(table(tmp_path / "a.csv"))


@pytest.mark.timeout(60)
def test_damaged_tables_and_recipes_are_read_or_refused(tmp_path):
    from tests.damage import mutate

    made = recipe(
        subject_column="who", label={"column": "what"}, file={"missing": ["?"]}, fixes=["drop_backward_times"]
    )
    path = table(tmp_path / "a.csv", header="t,ax,ay,az,gx,gy,gz,who,what", extra=(["u"] * 40, ["a", "b"] * 20))
    data, text = path.read_bytes(), made.text().encode()
    rng = np.random.default_rng(4)
    refused, messages = 0, []
    for _ in range(600):
        path.write_bytes(mutate(data, rng))
        try:
            made.read(path)
        except FileError as error:
            refused += 1
            messages.append(str(error))
        broken = tmp_path / "b.recipe.toml"
        broken.write_bytes(mutate(text, rng))
        try:
            read_recipe(broken)
        except FileError as error:
            refused += 1
            messages.append(str(error))
    assert all("\n" not in message and ("a.csv" in message or "b.recipe.toml" in message) for message in messages)
    assert refused > 300
