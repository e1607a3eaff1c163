"""The menu that shows the views of learning."""

import pytest

from m3n_studio.project import Project
from m3n_studio.studio.core.actions import SHOWING


@pytest.fixture
def study(tmp_path):
    with Project.create(tmp_path / "study") as project:
        project.add_session("one")
    return tmp_path / "study"


def test_every_view_of_learning_comes_to_the_front(qtbot, window, study):
    assert not window.actions_by_name["training"].isEnabled()
    window.projects.open(study)
    qtbot.waitUntil(lambda: window.desk.project is not None and window.actions_by_name["training"].isEnabled())
    for name in SHOWING:
        window.actions_by_name[name].trigger()
        qtbot.waitUntil(lambda name=name: not window.host.docks[name].visibleRegion().isEmpty())
        assert window.views[name].isVisible()
    assert window.store.value.layout_name == "Learn"


def test_a_layout_of_ones_own_stays(qtbot, window, study):
    window.projects.open(study)
    qtbot.waitUntil(lambda: window.desk.project is not None and window.actions_by_name["runs"].isEnabled())
    window.store.change(layout_name="mine")
    before = {n: d.isHidden() for n, d in window.host.docks.items() if n != "runs"}
    window.actions_by_name["runs"].trigger()
    qtbot.waitUntil(lambda: not window.host.docks["runs"].visibleRegion().isEmpty())
    assert {n: d.isHidden() for n, d in window.host.docks.items() if n != "runs"} == before
