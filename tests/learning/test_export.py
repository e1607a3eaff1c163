"""Exported models give what ours give, or are not kept; every one has a card that says what follows from the run."""

import json
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
ort = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from m3n_studio.errors import FileError, UnknownName  # noqa: E402
from m3n_studio.learning import export as module  # noqa: E402
from m3n_studio.learning.card import card, write_card  # noqa: E402
from m3n_studio.learning.export import ExportDisagrees, export  # noqa: E402
from m3n_studio.learning.run_folder import RunFolder  # noqa: E402
from m3n_studio.learning.trained import open_classifiers  # noqa: E402
from tests.learning import runs  # noqa: E402


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A pretrained run, a finetuned one, and the folder of data they name."""
    folder = tmp_path_factory.mktemp("runs")
    data = folder / "motions"
    data.mkdir()
    (data / "SOURCE.txt").write_text("licence: CC BY 4.0, by the dancers | all of them")
    runs.pretrained(folder / "before", data)
    runs.finetuned(folder / "after", folder / "before", data=folder / "silent")
    return folder


def test_a_classifier_says_the_same_elsewhere(made, tmp_path):
    out = export(made / "after", tmp_path / "model", fold=2)
    assert sorted(p.name for p in out.folder.iterdir()) == sorted(
        ["CARD.md", "model.json", "model.onnx", "model.torchscript.pt"]
    )
    windows = runs.windows()
    ours = open_classifiers(made / "after", (2,))[0]
    windows.mask[3, 1] = False
    expected, gates = ours.run(windows)
    session = ort.InferenceSession(str(out.files["onnx"]), providers=["CPUExecutionProvider"])
    probability, mean_gates = session.run(None, {"imu": windows.imu, "mask": windows.mask})
    np.testing.assert_allclose(probability, expected, atol=1e-5)
    np.testing.assert_allclose(mean_gates[0], gates[0].mean(axis=0), atol=1e-5)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch would rather have torch.export
        script = torch.jit.load(str(out.files["torchscript"]))
        found = script(torch.from_numpy(windows.imu), torch.from_numpy(windows.mask))[0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    facts = json.loads((out.folder / "model.json").read_text())
    assert facts["classes"] == ["class 0", "class 1"]
    assert facts["fold"] == 2
    assert facts["inputs"]["imu"]["shape"] == ["N", 2, 6, 32]
    assert max(facts["largest_difference"].values()) < 1e-4


@pytest.mark.parametrize("method", ["base", "deepconvlstm"])
def test_other_methods_go_too(tmp_path, method):
    runs.finetuned(tmp_path / "run", method=method)
    out = export(tmp_path / "run", tmp_path / "model", formats=("onnx",))
    assert list(out.files) == ["onnx"]
    assert json.loads((out.folder / "model.json").read_text())["outputs"] == ["probability"]


def test_pretrained_encoders_go_too(made, tmp_path):
    out = export(made / "before", tmp_path / "encoders")
    session = ort.InferenceSession(str(out.files["onnx"]), providers=["CPUExecutionProvider"])
    windows = runs.windows()
    (embedding,) = session.run(None, {"imu": windows.imu, "mask": windows.mask})
    assert embedding.shape == (len(windows), 2, runs.SMOKE.model.imu.embedding)
    assert "no recording of a sensor was used" in (out.folder / "CARD.md").read_text()


def test_what_differs_is_not_kept(made, tmp_path, monkeypatch):
    real = module._torchscript_runner

    def wrong(path):
        run = real(path)
        return lambda imu, mask: [t + 0.01 for t in run(imu, mask)]

    monkeypatch.setattr(module, "_torchscript_runner", wrong)
    with pytest.raises(ExportDisagrees, match="differs by"):
        export(made / "after", tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_refused(made, tmp_path):
    with pytest.raises(UnknownName):
        export(made / "after", tmp_path / "m", formats=("pickle",))
    with pytest.raises(FileError):
        export(tmp_path, tmp_path / "m")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    with pytest.raises(FileError, match="something is there"):
        export(made / "after", tmp_path / "full")
    with pytest.raises(FileError):
        export(made / "after", tmp_path / "absent" / "m")
    with pytest.raises(FileError):
        export(made / "after", tmp_path / "m", fold=99)
    assert [p.name for p in tmp_path.iterdir()] == ["full"]


def test_the_card_says_what_the_run_knows(made, tmp_path):
    text = card(RunFolder.open(made / "after"))
    metrics = RunFolder.open(made / "after").metrics
    assert f"{100 * metrics['mean']['macro_f1']:.1f} ±" in text
    assert "CC BY 4.0, by the dancers" in text  # of the pretraining's data
    assert "recordings: not stated beside the data" in text
    assert "4 people" in text
    assert "class 0 (16)" in text
    assert "finetune.optimiser.epochs" in text
    stated = card(RunFolder.open(made / "after"), licences={"ours": "CC0"})
    assert "- ours: CC0" in stated
    assert "dancers" not in stated
    assert write_card(made / "before", tmp_path / "card.md").read_text().startswith("# Multi3Net+")
