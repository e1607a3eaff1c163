"""Configurations: presets, overrides, errors that name the nearest valid name, forms from the schema."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from m3n_studio.errors import FileError, UnknownName
from m3n_studio.learning.config import (
    LearningConfig,
    SettingProblem,
    WindowSpec,
    load_preset,
    preset_names,
    read_config,
    write_config,
)


def test_every_preset_loads_and_says_its_name():
    assert set(preset_names()) == {"paper", "small", "smoke"}
    for name in preset_names():
        config = load_preset(name)
        assert config.preset == name
        assert config.changes() == {}


def test_the_paper_preset_is_the_papers():
    paper = load_preset("paper")
    assert paper.model.imu.embedding == paper.model.imu.width == 256
    assert (paper.model.pose.joint_width, paper.model.pose.spatial_blocks, paper.model.pose.temporal_blocks) == (
        32,
        4,
        4,
    )
    loss = paper.pretrain.loss
    assert (loss.temperature, loss.symmetric, loss.text, loss.same_text, loss.same_clip) == (
        0.07, False, True, "negative", "negative")  # fmt: skip
    assert (paper.pretrain.optimiser.plateau_patience, paper.finetune.optimiser.plateau_patience) == (15, 30)
    assert (paper.pretrain.optimiser.batch, paper.pretrain.optimiser.learning_rate) == (32, 1e-3)


def test_overrides_are_dotted_or_nested_and_show_as_changes():
    config = load_preset("small", {"pretrain.optimiser.epochs": 3, "windows": {"purity": 0.9}})
    assert config.changes() == {"windows.purity": (0.6, 0.9), "pretrain.optimiser.epochs": (40, 3)}
    assert config.with_(text={"encoder": "hashing"}).text.encoder == "hashing"
    assert config.with_({"pretrain.optimiser.epochs": 40, "windows.purity": 0.6}).changes() == {}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"pretrain.optimiser.learnig_rate": 1.0}, ["pretrain.optimiser.learnig_rate", "'learning_rate'"]),
        ({"modle": {}}, ["modle", "'model'"]),
        ({"windows.rate_hz": -3}, ["windows.rate_hz", "greater than 1"]),
        ({"windows.rate_hz": float("nan")}, ["windows.rate_hz"]),
        ({"pretrain.loss.same_text": "maybe"}, ["pretrain.loss.same_text", "text-pairs"]),
        ({"model.pose.joint_width": 9}, ["model.pose", "multiple of spatial_heads"]),
        ({"windows.length_s.a": 9}, ["windows.length_s"]),
        ({"model.classifier": {"top_k": 9, "experts": 4}}, ["top_k"]),
        ({"finetune.placements": ("ankle",)}, ["finetune.placements", "'ankle'"]),
        ({"windows.placements": ()}, ["windows.placements"]),
        ({"windows.placements": ("a", "a")}, ["distinct"]),
        ({"pretrain.loss.weights.mine": -1}, ["pretrain.loss.weights.mine", "greater than or equal to 0"]),
        ({"pretrain.loss.weights": {"Mine": 1}}, ["pretrain.loss.weights.Mine", "pattern"]),
        ({"pretrain.loss.weights.a.b": 1}, ["pretrain.loss.weights.a"]),
    ],
)
def test_a_wrong_setting_is_named_on_one_line(override, words):
    with pytest.raises(SettingProblem) as caught:
        load_preset("small", override)
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)


def test_an_unknown_preset_offers_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'small'"):
        load_preset("smal")


def test_configurations_are_frozen():
    with pytest.raises(ValidationError):
        load_preset("smoke").windows.purity = 0.1


def test_written_and_read_again_it_is_the_same(tmp_path):
    config = load_preset("smoke", {"finetune.method": "base", "windows.placements": ("ankle",)})
    write_config(tmp_path / "run.toml", config)
    assert read_config(tmp_path / "run.toml") == config


def test_a_mapping_is_one_setting_and_is_replaced_whole_or_changed_by_entry(tmp_path):
    name = "pretrain.loss.weights"
    config = load_preset("smoke", {name: {"one": 0.5}, f"{name}.two": 2})
    assert config.flat()[name] == {"one": 0.5, "two": 2.0}
    assert config.changes() == {name: ({}, {"one": 0.5, "two": 2.0})}
    assert load_preset("smoke").differences(config) == {name: ({"one": 0.5, "two": 2.0}, {})}
    assert config.with_({name: {"three": 3}}).flat()[name] == {"three": 3.0}
    assert config.with_({"pretrain": {"loss": {"weights": {}}}}) == load_preset("smoke")
    write_config(tmp_path / "run.toml", config)
    assert read_config(tmp_path / "run.toml") == config


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_nonsense_files_give_file_errors(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("toml") / "c.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with contextlib.suppress(FileError):
        read_config(path)


def test_every_field_has_a_description_and_numbers_have_a_range():
    schema = LearningConfig.model_json_schema()
    for table in (*schema["$defs"].values(), schema):
        for name, field in table["properties"].items():
            assert field.get("description"), (table["title"], name)
            if field.get("type") in ("number", "integer") and "const" not in field:
                assert {"minimum", "exclusiveMinimum"} & set(field), (table["title"], name)
    assert schema["$defs"]["WindowSpec"]["properties"]["rate_hz"]["unit"] == "Hz"


def test_samples_follow_from_rate_and_length():
    assert (WindowSpec().samples, WindowSpec().stride) == (120, 60)
