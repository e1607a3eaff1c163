"""What the Similarity view works out: the command line's numbers, matrices equal to loops, cells to windows."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.cli import main
from m3n_studio.errors import ValueProblem
from m3n_studio.motion.native import save_clip
from m3n_studio.project import Project
from m3n_studio.studio.embedding.matrix_model import KINDS, build, limits, nearest
from m3n_studio.studio.embedding.similarity_work import Wish, answer, measure, prepare
from tests.learning import made, runs
from tests.learning.motions import clip

CLASSES = (LabelClass("waving", "#4c9be8", "w", id="w"), LabelClass("punching", "#e8a14c", "p", id="p"),
           LabelClass("never", "#6fbf73", "n", id="n"))  # fmt: skip
TIER = Tier("activity", classes=CLASSES, id="tier")
PLACES = ("left_wrist", "right_wrist")


class Quiet:
    def progress(self, *_):
        """Nobody looks."""

    def check(self):
        """Nobody cancels."""

    def cancelled(self):
        """No."""
        return False


def make_project(folder, labelled=True):
    """Two people; waving is slow, punching fast; one session has the left wrist only."""
    with Project.create(folder) as project:
        project.add_label_set("labels", [TIER])
        for number, name in enumerate(("ana", "bo")):
            subject = project.add_subject(name)
            for session_name in ("one", "two"):
                session = project.add_session(session_name, subject.id)
                for place in PLACES if (name, session_name) != ("bo", "two") else PLACES[:1]:
                    signal = made.signal(12.0, 64.0, seed=number, name=place, hz=1.0 + number)
                    project.add_recording(session.id, signal, placement=place)
                given = (Annotation("tier", "w", 0.0, 5.0, "a"), Annotation("tier", "p", 5.0, 9.0, "a"))
                if labelled:
                    project.annotate(session.id, Change("Given", (), given))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A project with a run in it, and the motions the run says it learned from."""
    place = tmp_path_factory.mktemp("study")
    make_project(place / "project")
    (place / "project" / "runs").mkdir()
    (place / "motions").mkdir()
    for i, text in enumerate(("waving", "punching")):
        save_clip(place / "motions" / f"{text}.npz", clip(text=text, seed=i))
    runs.pretrained(place / "project" / "runs" / "first", place / "motions")
    return place


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def recorded(study):
    with Project.open(study / "project", read_only=True) as project:
        return measure(project, Wish(str(study / "project" / "runs" / "first"), tier="activity"), Quiet())


@pytest.fixture(scope="module")
def moved(study):
    return measure(None, Wish(str(study / "project" / "runs" / "first"), "motions"), Quiet())


def as_printed(capsys, *words):
    main(["retrieve", *map(str, words), "--json"])
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("source", ["recordings", "motions"])
def test_retrieval_is_what_the_command_line_prints(study, recorded, moved, capsys, source):
    run = study / "project" / "runs" / "first"
    data = ("--data", study / "project") if source == "recordings" else ("--motion", study / "motions")
    printed = as_printed(capsys, run, *data)
    ours = recorded if source == "recordings" else moved
    assert set(printed["retrieval"]) == set(ours.found)
    assert len(ours.found) == (4 if source == "recordings" else 10)
    for name, found in ours.found.items():
        assert json.loads(json.dumps(found.to_dict())) == printed["retrieval"][name]
    assert printed["zero_shot"]["macro_f1"] == ours.named.macro_f1


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_class_by_class_is_a_double_loop_over_windows(recorded):
    space = recorded.space
    m = build(recorded, "class-class", "left_wrist", "class")
    assert [m.rows.names[g] for g in m.rows.group] == ["punching", "waving"]
    for i, a in enumerate(m.rows.group):
        for j, b in enumerate(m.columns.group):
            rows, columns = np.flatnonzero(space.topic == a), np.flatnonzero(space.topic == b)
            each = [cosine(space.imu[x, 0], space.imu[y, 0]) for x in rows for y in columns if x != y]
            assert m.values[i, j] == pytest.approx(np.mean(each), abs=1e-6)


def test_every_matrix_is_its_loop_whole_and_in_blocks(moved):
    space = moved.space
    sides = {
        "text-imu": (space.text, space.imu[:, 1]), "pose-imu": (space.pose, space.imu[:, 1]),
        "imu-imu": (space.imu[:, 0], space.imu[:, 1]),
    }  # fmt: skip
    for kind, (a, b) in sides.items():
        for order in ("class", "clustered"):
            for most in (500, 5):
                m = build(moved, kind, "right_wrist", order, most=most)
                assert m.pairs == (kind != "text-imu")
                assert m.values.size <= most**2
                for i, j in np.ndindex(*m.values.shape):
                    pairs = [cosine(a[x], b[y]) for x in m.rows.members(i) for y in m.columns.members(j)]
                    assert m.values[i, j] == pytest.approx(np.mean(pairs), abs=1e-6)
            if kind == "text-imu":
                assert m.aggregated
    words = build(moved, "text-class", "left_wrist", "class")
    of = [cosine(space.text[k], space.imu[n, 0]) for k in np.flatnonzero(space.sentence_topic == 0)
          for n in np.flatnonzero(space.topic == 0)]  # fmt: skip
    assert words.values[0, 0] == pytest.approx(np.mean(of), abs=1e-6)
    assert words.rows.each == words.columns.each


def test_what_cannot_be_had_says_why(recorded, moved):
    lacks = {kind.name: kind.lacks(recorded.space) for kind in KINDS}
    assert [k for k, why in lacks.items() if why] == ["pose-imu"]
    assert "motions" in lacks["pose-imu"]
    left = replace(recorded.space, imu_mask=recorded.space.imu_mask & np.array([True, False]), text=None)
    assert {k.name for k in KINDS if k.lacks(left)} == {"pose-imu", "imu-imu", "text-imu", "text-class"}
    assert not [k for k in KINDS if k.lacks(moved.space)]


def test_a_cell_leads_to_the_windows_that_stand_for_it(recorded):
    whole = build(recorded, "imu-imu", "left_wrist", "class")
    space = recorded.space
    assert all(space.name[i] != "bo/two" for i in whole.rows.window)  # it has one wrist
    for i, j in ((0, 0), (3, 1)):
        row, column = nearest(whole, i, j)
        assert (row, column) == (whole.rows.members(i)[0], whole.columns.members(j)[0])
    classes = build(recorded, "class-class", "left_wrist", "class")
    row, column = nearest(classes, 0, 0)
    assert row != column
    assert space.topic[classes.rows.window[row]] == classes.rows.group[0]
    mine = classes.columns.members(1)
    mean = np.mean([v / np.linalg.norm(v) for v in classes.rows.vectors[classes.rows.members(0)]], axis=0)
    best = max(mine, key=lambda n: cosine(classes.columns.vectors[n], mean))
    assert nearest(classes, 0, 1)[1] == best


def test_colours_reach_as_far_as_the_values():
    assert limits(np.array([[0.2, np.nan, -0.5]]), "zero") == (-0.5, 0.0, 0.5)
    assert limits(np.array([[0.2, 0.4]]), "mean") == pytest.approx((0.2, 0.3, 0.4))
    assert limits(np.full((2, 2), np.nan), "mean") == (-1.0, 0.0, 1.0)


def test_a_sentence_finds_windows_labelled_or_not(study):
    run = str(study / "project" / "runs" / "first")
    with Project.open(study / "project", read_only=True) as project:
        of = prepare(project, run, "activity", Quiet())
        sessions = {s.id for s in project.sessions()}
    assert len(of) == 4 * 22  # just under 12 s, windows of 1 s, a half apart
    assert set(of.session) == sessions
    assert of.shapes.min() >= 0
    assert of.shapes.max() <= 1
    found = answer(of, "  a person  is waving ")
    assert found.sentence == "a person is waving"
    vector = of.reader.vectors(["a person is waving"])[0]
    for n in (0, 30, len(of) - 1):
        each = [cosine(of.imu[n, p], vector) for p in range(2) if of.mask[n, p]]
        assert found.score[n] == pytest.approx(np.mean(each), abs=1e-5)
    assert found.hits[0].score == pytest.approx(found.score.max())
    assert [h.score for h in found.hits] == sorted((h.score for h in found.hits), reverse=True)
    for session in sessions:
        own = sorted(h.start_s for h in found.hits if h.session == session)
        assert (np.diff(own) >= 1.0 - 1e-6).all()
        times, score = found.over_time(session)
        assert len(times) == len(score) == 22
        assert times[0] == pytest.approx(0.5, abs=0.1)
    with pytest.raises(ValueProblem, match="type a sentence"):
        answer(of, "  ")


def test_what_is_missing_is_said(study, tmp_path):
    run = str(study / "project" / "runs" / "first")
    with pytest.raises(ValueProblem, match="no project"):
        measure(None, Wish(run), Quiet())
    (study / "motions").rename(study / "elsewhere")
    try:
        with pytest.raises(ValueProblem, match="not on this machine"):
            measure(None, Wish(run, "motions"), Quiet())
    finally:
        (study / "elsewhere").rename(study / "motions")
    make_project(tmp_path / "twice", labelled=False)
    with Project.open(tmp_path / "twice") as project, pytest.raises(ValueProblem, match="label"):
        measure(project, Wish(run, tier="activity"), Quiet())
