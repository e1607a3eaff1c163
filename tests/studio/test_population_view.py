"""The population page in the real window: preview, bands on the traces, a file."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton

from m3n_studio import workbench
from m3n_studio.imu.population import Population, Spread, draw
from m3n_studio.imu.population_file import load_population
from m3n_studio.studio.attributes.population_model import file_bytes, preview, size_text
from m3n_studio.studio.core.document import Document, set_population
from tests.studio.conftest import moving

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def page(qtbot, window, body):
    """The page of a window with a motion and two sensors, its preview drawn."""
    window.resize(1280, 800)
    window.layouts.show("Shape")
    window.show_document(Document("walk.npz", body, moving(body), placements=workbench.place(body, workbench.WRISTS)))
    panel = window.views["attributes"]
    qtbot.waitUntil(lambda: bool(window.contents.simulated), timeout=20_000)
    qtbot.mouseClick(panel.choice.button(1), LEFT)
    page = panel.population
    qtbot.waitUntil(lambda: page._preview is not None, timeout=20_000)
    return page


def quiet(qtbot, window, page):
    qtbot.waitUntil(lambda: not page._rest.isActive() and not window.jobs.running, timeout=20_000)


def test_the_page_begins_with_people_and_foresees_the_file(window, page):
    assert page._stated().attributes == ("stature", "mass")
    assert len(page._preview.values["stature"]) == 1000
    assert "1,000 bodies × 2 sensors" in page.maker.result.text()
    assert page.maker.make.isEnabled()
    assert not page.maker.stop.isVisible()


def test_stating_another_attribute_changes_the_preview(qtbot, window, page):
    page.form.add.setCurrentIndex(page.form.add.findData("forearm"))
    page.form.add.activated.emit(page.form.add.currentIndex())
    row = page.form.rows["forearm"]
    assert row.kind.isVisible()
    row.kind.setCurrentIndex(row.kind.findData("uniform"))
    row.kind.activated.emit(1)
    row.first.setValue(22.0)
    row.second.setValue(26.0)
    quiet(qtbot, window, page)
    forearm = page._preview.values["forearm"]
    assert forearm.min() > 0.219
    assert forearm.max() < 0.261
    assert page.form.add.findData("forearm") == -1
    assert "Forearm" in page.plot.accessibleDescription() or "forearm" in page.plot.accessibleDescription()
    row.tick.setChecked(False)
    quiet(qtbot, window, page)
    assert "forearm" not in page._preview.population.attributes


def test_correlations_typed_are_those_of_the_bodies_and_contradictions_are_told(qtbot, window, page):
    page.form.correlation.setCurrentIndex(page.form.correlation.findData("own"))
    page.form.correlation.activated.emit(2)
    assert page.form.table.isVisible()
    page.form.table.item(1, 0).setText("-0.50")
    quiet(qtbot, window, page)
    values = page._preview.values
    assert np.corrcoef(values["stature"], values["mass"])[0, 1] == pytest.approx(-0.5, abs=0.1)
    page.form.table.item(1, 0).setText("nonsense")
    assert page.form.table.item(1, 0).text() == "-0.50"
    page.form.rows["mass"].kind.setCurrentIndex(1)
    page.form.rows["mass"].kind.activated.emit(1)
    page.form.rows["mass"].second.setValue(10.0)
    assert page._stated() is None
    assert "range" in page.note.text().lower()


def test_bands_go_to_the_contents_and_away_again_and_undo(qtbot, window, page):
    qtbot.mouseClick(page.maker.bands, LEFT)
    qtbot.waitUntil(lambda: len(window.contents.envelopes) == 2, timeout=20_000)
    one, tensor = window.contents.envelopes[0], window.engine.base.tensor
    vectors, _ = draw(tensor.model, page._stated(), one.bodies)
    acc = tensor.acc_many(vectors)[:, 0]
    np.testing.assert_allclose(one.values[2, one.valid, :3], np.median(acc, axis=0)[one.valid], atol=1e-4)
    kept = window.contents.envelopes
    window.views["attributes"].body.rows["forearm"].stepped.emit(0.27)
    assert window.contents.envelopes is kept  # they do not depend on the body shown
    page.form.rows["stature"].second.setValue(2.0)
    qtbot.waitUntil(lambda: window.history.document.population.spreads[0].b < 0.03, timeout=20_000)
    qtbot.waitUntil(lambda: bool(window.contents.envelopes) and window.contents.envelopes is not kept, timeout=20_000)
    qtbot.mouseClick(page.maker.bands, LEFT)
    assert window.contents.envelopes == ()
    assert not page.maker.bands.isChecked()
    window.history.stack.undo()
    assert page.maker.bands.isChecked()
    quiet(qtbot, window, page)


def test_undo_brings_the_fields_back(qtbot, window, page):
    tall = Population(("stature",), (Spread("normal", 1.9, 0.02),))
    window.history.apply(set_population(tall))
    assert page._stated() == tall
    assert page.form.rows["stature"].first.value() == pytest.approx(190.0)
    quiet(qtbot, window, page)


def test_generate_writes_those_bodies_and_says_where(qtbot, window, page, tmp_path, monkeypatch):
    path = tmp_path / "people.h5"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    page.maker.bodies.setValue(50)
    page.maker.seed.setValue(7)
    qtbot.mouseClick(page.maker.make, LEFT)
    assert page.maker.stop.isVisible()
    assert not page.maker.make.isVisible()
    qtbot.waitUntil(lambda: page.maker._job is None, timeout=30_000)
    assert str(path) in page.maker.result.text()
    assert "50 bodies" in page.maker.result.text()
    vectors, found = draw(window.contents.document.model, page._stated(), 50, 7)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["shapes/vectors"][:], vectors)
        np.testing.assert_allclose(file["shapes/lengths_m"][:, 0], found[:, 0], atol=1e-6)
        want = window.engine.base.tensor.acc_many(vectors)
        np.testing.assert_allclose(file["acc_mps2"][:], want, atol=1e-4)
    assert page.maker.make.isVisible()
    quiet(qtbot, window, page)


def test_a_population_is_saved_and_loaded_as_a_file(qtbot, window, page, tmp_path, monkeypatch):
    path = tmp_path / "tall"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    page.form.rows["stature"].first.setValue(190.0)
    load, save = (b for b in page.findChildren(QPushButton) if b.text() in ("Load …", "Save …"))
    qtbot.mouseClick(save, LEFT)
    written = path.with_suffix(".toml")
    kept = load_population(written)
    assert kept == page._stated()
    page.form.rows["stature"].first.setValue(170.0)
    quiet(qtbot, window, page)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(written), ""))
    qtbot.mouseClick(load, LEFT)
    assert page._stated() == kept
    written.write_text("version = 3")
    qtbot.mouseClick(load, LEFT)
    assert page._stated() == kept
    assert "format" in window.log.messages[-1].text
    quiet(qtbot, window, page)


def test_a_loaded_variety_is_kept(qtbot, window, page):
    page._load(replace(page._stated(), variety=0.5))
    assert page._stated().variety == 0.5
    quiet(qtbot, window, page)


def test_cancel_leaves_nothing(qtbot, window, page, tmp_path, monkeypatch):
    path = tmp_path / "many.h5"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    page.maker.bodies.setValue(200_000)
    qtbot.mouseClick(page.maker.make, LEFT)
    qtbot.waitUntil(lambda: page.maker.stop.isVisible())
    qtbot.wait(100)
    qtbot.mouseClick(page.maker.stop, LEFT)
    qtbot.waitUntil(lambda: page.maker._job is None, timeout=30_000)
    assert "Stopped" in page.maker.result.text()
    assert list(tmp_path.iterdir()) == []
    quiet(qtbot, window, page)


def test_a_file_that_cannot_be_written_is_told(qtbot, window, page, tmp_path, monkeypatch):
    where = tmp_path / "no" / "such" / "folder" / "x.h5"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(where), ""))
    page.maker.bodies.setValue(5)
    qtbot.mouseClick(page.maker.make, LEFT)
    qtbot.waitUntil(lambda: page.maker._job is None, timeout=30_000)
    assert "written" in page.maker.result.text().lower()
    quiet(qtbot, window, page)


def test_what_the_bodies_cannot_meet_is_noted(body):
    giants = Population(("stature", "mass"), (Spread("normal", 2.6, 0.3), Spread("fixed", 50.0)))
    assert "comes out as" in preview(body, giants, 100, 0).note
    assert preview(body, Population(("stature",), (Spread("normal", 1.7, 0.05),)), 100, 0).note == ""


def test_sizes_are_told_in_words():
    assert size_text(12) == "12 B"
    assert size_text(file_bytes(1000, 2, 3600)) == "86.4 MB"
