"""The form of a run's settings: every valid configuration goes through it unchanged, every wrong value says why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.learning.config import LearningConfig, load_preset, preset_names
from m3n_studio.learning.methods import methods
from m3n_studio.learning.settings import SettingProblem
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.training.draft import Draft
from m3n_studio.studio.training.form_schema import fields_of, for_kind, text_of, value_of
from m3n_studio.studio.training.setup_form import SetupForm

FIELDS = fields_of(LearningConfig.model_json_schema())


def test_every_setting_has_words_and_a_kind():
    flat = load_preset("paper").flat()
    assert set(FIELDS) == set(flat) - {"version", "preset"}
    for spec in FIELDS.values():
        assert spec.about, spec.name
        assert spec.title, spec.name
    assert FIELDS["windows.length_s"].range_text == "above 0, at most 600 s"
    assert FIELDS["finetune.seed"].range_text == "at least 0, below 4,294,967,296"
    assert FIELDS["pretrain.bodies.tilt_deg"].range_text == "0 to 90 deg"
    assert FIELDS["finetune.folds"].choices == ("users5", "leave-one-out", "time5")
    shown = set(for_kind(FIELDS, "finetune")) | set(for_kind(FIELDS, "pretrain"))
    assert shown == set(FIELDS)


def values(spec):
    """Values of a field's kind, most of them in its range."""
    if spec.kind == "bool":
        return st.booleans()
    if spec.kind == "choice":
        return st.sampled_from(spec.choices)
    if spec.kind == "int":
        return st.integers(int(spec.low or 0), int(min(spec.high or 10**6, 10**6)))
    if spec.kind == "float":
        return st.floats(spec.low or 0.0, spec.high or 1e6, exclude_min=spec.low_open, exclude_max=spec.high_open)
    if spec.kind == "ints":
        return st.tuples(*[st.integers(1, 4096)] * 3)
    if spec.kind == "names":
        return st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3, unique=True).map(tuple)
    if spec.kind == "numbers":
        return st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), st.floats(0, 1e6), max_size=3)
    return st.text(max_size=20)


@st.composite
def configs(draw):
    """A preset with some settings changed, so that it is still valid."""
    config = load_preset(draw(st.sampled_from(preset_names())))
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=12, unique=True)):
        try:
            config = config.with_({name: draw(values(FIELDS[name]))})
        except SettingProblem:
            continue
    return config


@given(st.data())
def test_text_and_value_are_inverse(data):
    spec = FIELDS[data.draw(st.sampled_from(sorted(FIELDS)))]
    value = data.draw(values(spec))
    assert value_of(spec, text_of(spec, value)) == value


@settings(max_examples=40)
@given(configs())
def test_a_draft_written_anew_field_by_field_is_the_same(config):
    draft = Draft(load_preset("small"))
    draft.load(config)
    assert draft.config == config
    assert set(draft.changed()) == set(config.changes())
    fresh = Draft(load_preset(config.preset))
    for name in FIELDS:
        fresh.write(name, draft.text(name))
    assert fresh.problems == {}
    assert fresh.config == config
    fresh.put_back(*fresh.changed())
    assert fresh.config == load_preset(config.preset)


@pytest.fixture
def form(qtbot):
    made = SetupForm(Draft(load_preset("small")), load_theme("dark"), preset_names(), methods())
    qtbot.addWidget(made)
    return made


def opened(qtbot, form):
    if not form.all.toggle.isChecked():
        form.all.toggle.click()
    qtbot.waitUntil(lambda: form.all.complete)


class TestForm:
    def test_a_configuration_goes_through_the_widgets(self, qtbot, form):
        opened(qtbot, form)

        @settings(max_examples=15)
        @given(configs())
        def through(config):
            form.draft.load(config)
            form.show_draft()
            for name, row in form.all.rows.items():
                said = row.editor.text() if hasattr(row.editor, "textEdited") else None
                if said is not None:
                    form._on_written(name, said)  # as if typed again, as it stands there
                assert row.reset.isHidden() != form.draft.differs(name)
            assert form.draft.config == config

        through()

    def test_a_wrong_value_says_why_beside_it_and_can_be_put_back(self, qtbot, form):
        opened(qtbot, form)
        form.draft.load(load_preset("small"))
        form.show_draft()
        row = form.all.rows["finetune.optimiser.learning_rate"]
        for typed, why in (("11", "Less than or equal to 10"), ("fast", "A number is needed"), ("0", "greater than 0")):
            row.editor.setText(typed)
            row.editor.textEdited.emit(typed)
            assert why.lower() in row.note.text().lower()
            assert row.note.objectName() == "warning"
            assert row.editor.text() == typed
            assert form.draft.config is None
        row.editor.setText("1e-3 ")
        row.editor.textEdited.emit("1e-3 ")
        assert row.editor.text() == "1e-3 "  # nobody rewrites what is being typed
        assert form.draft.config == load_preset("small")
        row.editor.setText("0.5")
        row.editor.textEdited.emit("0.5")
        assert not row.reset.isHidden()
        assert "0.001" in row.reset.toolTip()
        assert "1 changed from small" in form.all.count.text()
        row.reset.click()
        assert row.editor.text() == "0.001"
        assert form.draft.config == load_preset("small")

    def test_numbers_by_name_are_written_in_one_field(self, qtbot, form):
        opened(qtbot, form)
        form.draft.load(load_preset("small"))
        form.set_kind("pretrain", form.draft)
        row = form.all.rows["pretrain.loss.weights"]
        assert not row.isHidden()
        for typed, why in (("mine", "a name, = and a number"), ("a = x", "a number is needed"), ("a=1,a=2", "twice"),
                           ("a = -1", "greater than or equal to 0"), ("A = 1", "match pattern")):  # fmt: skip
            row.editor.textEdited.emit(typed)
            assert why in row.note.text().lower() or why in row.note.text(), typed
            assert form.draft.config is None
        row.editor.textEdited.emit("mine = 0.5, other=2")
        assert form.draft.config.pretrain.loss.weights == {"mine": 0.5, "other": 2.0}
        row.reset.click()
        assert form.draft.config == load_preset("small")

    def test_what_contradicts_is_told_where_it_was_typed(self, qtbot, form):
        opened(qtbot, form)
        form.draft.load(load_preset("small"))
        row = form.all.rows["model.imu.heads"]
        row.editor.textEdited.emit("7")
        assert "multiple of heads" in row.note.text()
        row.editor.textEdited.emit("8")
        assert form.draft.problems == {}

    def test_search_finds_by_word_and_hides_the_rest(self, qtbot, form):
        opened(qtbot, form)
        form.draft.load(load_preset("small"))
        form.set_kind("finetune", form.draft)
        form.all.search.setText("learning rate")
        seen = {name for name, row in form.all.rows.items() if not row.isHidden()}
        assert seen == {"finetune.optimiser.learning_rate", "finetune.warm_start.refine.learning_rate"}
        form.all.search.setText("xyzzy")
        assert not form.all.nothing.isHidden()
        form.all.search.clear()
        assert {n for n, r in form.all.rows.items() if not r.isHidden()} == set(for_kind(FIELDS, "finetune"))
