"""Whole folders into a project: errors of single files are told, remedies go only where they belong."""

import numpy as np
import pytest

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.cli import main
from m3n_studio.errors import FileError, M3nError, ValueProblem
from m3n_studio.project.bulk import Result, Wish, check_files, look, remedies, take_all
from m3n_studio.project.importing import findings_in, put_back, take_back
from m3n_studio.project.outline import labelled_s, outline
from m3n_studio.project.store import Project
from m3n_studio.project.values import LabelSet
from m3n_studio.project.worn import read_placements
from m3n_studio.recordings.signal import Signal
from m3n_studio.recordings.tables import write_signals
from tests.project import made


class Task:
    """Stops after so many questions."""

    def __init__(self, stop_after=10**9):
        self.left, self.told = stop_after, []

    def progress(self, done, total):
        self.told.append(done / total)

    def cancelled(self):
        self.left -= 1
        return self.left < 0


def still(name="wrist", n=2000, flip=1.0, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(n) / 100
    swing = np.column_stack([2 * np.sin(3 * t), np.cos(2 * t), 9.81 + np.sin(t)])
    return Signal(name, t, flip * swing + rng.normal(0, 0.02, (n, 3)), rng.normal(0, 0.3, (n, 3)))


@pytest.fixture
def files(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    write_signals(place / "a.csv", [still(seed=1)])
    write_signals(place / "b.csv", [still("hip", seed=3)])
    (place / "c.csv").write_bytes((place / "a.csv").read_bytes()[:120])
    (place / "notes.txt").write_text("nothing")
    return place


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "p") as found:
        yield found


def test_a_folder_goes_in_and_what_cannot_is_told(project, files):
    task = Task()
    plan = look([files], (), task)
    assert "notes.txt" in [s.path.name for s in plan.skipped]
    result = take_all(project, Wish(plan), Result(), task)
    assert (len(result.added), result.read, result.of, result.stopped) == (2, 3, 3, False)
    assert [path.name for path, _ in result.errors] == ["c.csv"]
    assert str(files) not in result.errors[0][1]
    assert task.told[-1] == 1.0
    assert sorted(r.name for r in project.recordings()) == ["hip", "wrist"]
    assert [f.recordings for f in outline(project).sessions] == [1, 1]
    again = take_all(project, Wish(plan), Result(), Task())
    assert (again.repeated, again.added) == (2, [])


def test_a_cancel_keeps_whole_files_and_all_is_taken_back_and_put_back(project, files):
    empty = made.state(project)
    plan = look([files], (), Task())
    result = take_all(project, Wish(plan), Result(), Task(stop_after=4))
    assert result.stopped
    assert result.read < 3
    assert len(list((project.folder / "signals").glob("*.h5"))) == result.recordings
    full = made.state(project)
    take_back(project, result.added)
    assert made.state(project) == empty
    put_back(project, result.added)
    assert made.state(project) == full


def test_a_full_disk_ends_it_with_what_is_whole(project, files, monkeypatch):
    plan, result = look([files], (), Task()), Result()
    real, calls = project.apply, []

    def apply(*given):
        calls.append(given)
        if len(calls) > 1:
            raise FileError("project.sqlite", found="the disk is full; the change was not made")
        return real(*given)

    monkeypatch.setattr(project, "apply", apply)
    with pytest.raises(FileError, match="full"):
        take_all(project, Wish(plan), result, Task())
    assert len(result.added) == 1
    assert len(list((project.folder / "signals").glob("*.h5"))) == 1


def test_remedies_are_for_the_signals_whose_findings_name_them(project, tmp_path):
    place = tmp_path / "g"
    place.mkdir()
    in_g = still("watch", seed=4)
    write_signals(place / "g.csv", [Signal("watch", in_g.time_s, in_g.acc_mps2 / 9.81, in_g.gyr_radps)])
    write_signals(place / "si.csv", [still("hip", seed=5)])
    plan = look([place], (), Task())
    checked = check_files(plan, 0.0, Task())
    assert remedies(checked) == {"acc_from_g": 1}
    take_all(project, Wish(plan, ("acc_from_g",)), Result(), Task())
    norms = {
        r.name: float(np.median(np.linalg.norm(project.signal(r).read().acc_mps2, axis=1)))
        for r in project.recordings()
    }  # fmt: skip
    assert norms["watch"] == pytest.approx(9.9, abs=0.3)
    assert norms["hip"] == pytest.approx(9.9, abs=0.3)
    told = {r.name: findings_in(r.note) for r in project.recordings()}
    assert told["watch"]
    assert told["hip"] == ()
    assert {f.session.name: f.level for f in outline(project).sessions}["g"] in ("warning", "reject")


def test_from_the_command_line_with_a_remedy(tmp_path, files, capsys):
    main(["project", "new", str(tmp_path / "q")])
    with pytest.raises(SystemExit) as ended:
        main(["project", "add", str(tmp_path / "q"), str(files), "--fix", "acc_from_g"])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "session 'a', 1 recordings" in said.out
    assert "not imported" in said.err
    with pytest.raises(SystemExit):
        main(["project", "add", str(tmp_path / "q"), str(files), "--fix", "acc_from_gee"])
    assert "acc_from_g" in capsys.readouterr().err


def test_two_tiers_share_no_class(project):
    walk = LabelClass("walk")
    with pytest.raises(ValueProblem, match="two classes have the id"):
        LabelSet("labels", (Tier("a", classes=(walk,)), Tier("b", classes=(walk,))))
    first = project.add_label_set("one", [Tier("a", classes=(walk,))])
    with pytest.raises(ValueProblem, match="another label set"):
        project.add_label_set("two", [Tier("b", classes=(walk,))])
    with pytest.raises(ValueProblem, match="another label set"):
        project.add_label_set("two", [first.tiers[0]])
    assert [s.name for s in project.label_sets()] == ["one"]


def test_what_is_labelled_of_each_session(tmp_path):
    with made.project(tmp_path / "m", annotations=6) as project:
        tier = project.tiers()[0]
        assert labelled_s(project, tier.id) == {project.sessions()[0].id: pytest.approx(3.0)}


def test_where_they_were_worn_is_said_by_name_or_device(project, files):
    plan = look([files / "a.csv", files / "b.csv"], (), Task())
    checked = check_files(plan, 0.0, Task())
    assert [one.unplaced for one in checked] == [("wrist",), ("hip",)]
    result = take_all(project, Wish(plan, placements={"wrist": "left_wrist"}), Result(), Task())
    assert {r.name: r.placement for r in project.recordings()} == {"wrist": "left_wrist", "hip": ""}
    assert result.unplaced == {"hip": 1}
    assert "wrist: worn at left_wrist" in next(s.note for s in project.sessions() if s.name == "a")


def test_a_file_that_says_where_keeps_it_and_a_device_is_a_name_too():
    from m3n_studio.project.worn import with_placements
    from m3n_studio.recordings.imported import Import, Recorded

    found = Import((
        Recorded(still("a"), "chest", "watch"), Recorded(still("b"), "", "watch"), Recorded(still("c"), "", "watch"),
    ))  # fmt: skip
    said = with_placements(found, {"watch": "left_wrist", "a": "head", "c": "right_wrist"})
    assert [one.placement for one in said.recorded] == ["chest", "left_wrist", "right_wrist"]
    assert with_placements(found, {"other": "head"}) is found


@pytest.mark.parametrize(
    ("pairs", "words"),
    [(["watch=left_rist"], "did you mean 'left_wrist'"), (["watch"], "NAME=PLACEMENT"), (["=head"], "NAME=PLACEMENT"),
     (["w=head", "w=chest"], "say one")],
)  # fmt: skip
def test_a_place_nobody_knows_is_told(pairs, words):
    with pytest.raises(M3nError, match=words):
        read_placements(pairs)


def test_watch_tables_are_placed_and_learned_from_on_the_command_line(tmp_path, files, capsys):
    folder = str(tmp_path / "q")
    main(["project", "new", folder])
    main(["project", "add", folder, str(files / "a.csv"), str(files / "b.csv"), "--placement", "wrist=left_wrist"])
    said = capsys.readouterr().err
    assert "1 × 'hip'" in said
    assert "project place" in said
    for wrong in ("hip=right_pockt", "hop=right_pocket"):
        with pytest.raises(SystemExit):
            main(["project", "place", folder, wrong])
        assert "did you mean" in capsys.readouterr().err
    main(["project", "place", folder, "hip=right_pocket"])
    assert capsys.readouterr().out == "1 recordings 'hip': right_pocket\n"
    with Project.open(tmp_path / "q") as project:
        assert {r.placement for r in project.recordings()} == {"left_wrist", "right_pocket"}


def test_learning_says_what_to_do_where_no_placement_is_known(tmp_path, files, capsys):
    folder = str(tmp_path / "q")
    main(["project", "new", folder])
    main(["project", "add", folder, str(files / "a.csv")])
    with Project.open(tmp_path / "q") as project:
        (session,) = project.sessions()
        labels = project.add_label_set("labels", [Tier("activity", classes=(LabelClass("walk"),))])
        tier = labels.tiers[0]
        project.annotate(session.id, Change("x", (), (Annotation(tier.id, tier.classes[0].id, 0.0, 5.0),)))
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["finetune", "--data", folder, "--out", str(tmp_path / "run")])
    said = " ".join(capsys.readouterr().err.split())
    assert "1 × 'wrist'" in said
    assert "session 'a'" in said
    assert "project place FOLDER wrist=left_wrist" in said
    assert not (tmp_path / "run").exists()
