"""Views are docks: moved, floated, tabbed, closed, opened again; layouts are kept under names."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QLabel, QMenu

from m3n_studio.plugins import Door
from m3n_studio.studio.core.docks import DockSpec
from m3n_studio.studio.frame.dock_host import ARRANGEMENTS, Arrangement
from m3n_studio.studio.frame.preferences import Store
from m3n_studio.studio.frame.window import Window

pytestmark = pytest.mark.gl


def build(context):
    """A view for docks' sake."""
    view = QLabel("view")
    view.setMinimumSize(80, 60)
    return view


def door(*names):
    out = Door()
    sides = {"body": "left", "transport": "bottom"}
    for name in (*names, "transport"):
        out.add("dock", name, DockSpec(name, name.capitalize(), sides.get(name, "right"), f"{__name__}:build"))
    return out


@pytest.fixture
def make(qtbot, display):
    windows = []

    def make(*names, store=None):
        window = Window(theme="light", door=door(*names), store=store)
        window.pages.setCurrentIndex(1)
        window.show()
        qtbot.waitExposed(window)
        qtbot.wait(30)
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()


ALL = ("body", "traces", "attributes", "fidelity", "spectrum")


def places(window):
    """For each dock that is open: whether it floats, and its left edge where it is not behind a tab."""
    shown = {n: d for n, d in window.host.docks.items() if not d.isHidden()}
    seen = {n for n, d in shown.items() if not d.visibleRegion().isEmpty()}
    return {n: (d.isFloating(), d.mapTo(window.host, QPoint()).x() if n in seen and not d.isFloating() else 0)
            for n, d in shown.items()}  # fmt: skip


def test_as_delivered_the_body_is_left_and_the_others_share_a_place_on_the_right(make, qtbot):
    window = make(*ALL)
    docks = window.host.docks
    assert {d.name for d in window.host.tabifiedDockWidgets(docks["traces"])} == {"attributes", "fidelity", "spectrum"}
    assert docks["body"].geometry().right() < docks["traces"].geometry().left()
    share = docks["body"].width() / window.host.width()
    assert 0.3 < share < 0.45
    assert not docks["traces"].visibleRegion().isEmpty()
    transport = window.views["transport"]
    assert transport.mapTo(window, QPoint()).y() > window.host.mapTo(window, QPoint(0, window.host.height())).y() - 1


def test_a_dock_with_a_tab_has_no_title_and_gets_it_back(make, qtbot):
    window = make(*ALL)
    docks = window.host.docks
    assert docks["body"].titleBarWidget() is docks["body"].title_bar
    assert docks["traces"].titleBarWidget() is not docks["traces"].title_bar
    for name in ("attributes", "fidelity", "spectrum"):
        docks[name].close()
    qtbot.waitUntil(lambda: docks["traces"].titleBarWidget() is docks["traces"].title_bar)


def test_the_buttons_float_and_close_and_the_view_menu_opens_again(make, qtbot):
    window = make("body", "traces")
    dock = window.host.docks["body"]
    QTest.mouseClick(dock.title_bar.float_button, Qt.MouseButton.LeftButton)
    assert dock.isFloating()
    qtbot.wait(30)
    QTest.mouseClick(dock.title_bar.float_button, Qt.MouseButton.LeftButton)
    assert not dock.isFloating()
    QTest.mouseClick(dock.title_bar.close_button, Qt.MouseButton.LeftButton)
    assert dock.isHidden()
    menu = window.menus.submenus["views"]
    menu.aboutToShow.emit()
    action = next(a for a in menu.actions() if a.text() == "Body")
    assert not action.isChecked()
    action.trigger()
    assert not dock.isHidden()


def test_a_tab_can_be_closed_and_floated_from_its_menu(make, qtbot):
    window = make("body", "traces", "fidelity")
    bar = next(b for b in window.host.tab_bars() if b.isVisible())
    index = next(i for i in range(bar.count()) if bar.tabText(i) == "Fidelity")
    bar.customContextMenuRequested.emit(bar.tabRect(index).center())
    menu = next(m for m in window.host.findChildren(QMenu) if m.isVisible())
    next(a for a in menu.actions() if a.text() == "Close Fidelity").trigger()
    menu.close()
    assert window.host.docks["fidelity"].isHidden()


@pytest.mark.parametrize("name", list(ARRANGEMENTS))
def test_every_layout_as_delivered_shows_every_view_it_does_not_leave_out(make, qtbot, name):
    window = make(*ALL)
    window.resize(1600, 1000)
    window.host.docks["body"].close()
    window.host.docks["traces"].setFloating(True)
    window.layouts.show(name)
    qtbot.wait(30)
    assert set(places(window)) == set(ALL) - set(ARRANGEMENTS[name].without)
    assert not any(floating for floating, _ in places(window).values())
    columns = [[n for g in column for n in g if n in ALL] for column in ARRANGEMENTS[name].columns]
    heads = [column[0] for column in columns if column]
    lefts = [places(window)[n][1] for n in heads]
    assert lefts == sorted(set(lefts))
    assert all(not window.host.docks[n].visibleRegion().isEmpty() for n in heads)


def test_a_layout_that_names_nothing_we_have_still_shows_everything(make):
    window = make("alpha", "beta")
    window.host.arrange(Arrangement(((("gone",),),), (1,)))
    assert set(places(window)) == {"alpha", "beta"}


def test_a_layout_is_saved_by_name_chosen_again_and_deleted(make, qtbot):
    window = make(*ALL)
    window.host.docks["fidelity"].close()
    window.host.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, window.host.docks["body"])
    qtbot.wait(30)
    mine = places(window)
    window.actions_by_name["save_layout"].trigger()
    dialog = window.findChild(QInputDialog)
    dialog.setTextValue("  My   place ")
    dialog.accept()
    assert window.layouts.saved == ("My place",)
    window.actions_by_name["reset_layout"].trigger()
    qtbot.wait(30)
    assert set(places(window)) == set(ALL)
    menu = window.menus.submenus["layouts"]
    menu.aboutToShow.emit()
    next(a for a in menu.actions() if a.text() == "My place").trigger()
    qtbot.wait(30)
    assert places(window) == mine
    menu.aboutToShow.emit()
    sub = next(a.menu() for a in menu.actions() if a.menu() is not None)
    sub.actions()[0].trigger()
    assert window.layouts.saved == ()


@pytest.mark.parametrize("name", ["", "   ", "Overview"])
def test_names_that_cannot_be_had_are_refused_in_words(make, name):
    window = make("body")
    assert not window.layouts.save(name)
    assert window.error_bar.isVisible()
    assert window.layouts.saved == ()


def test_the_place_of_everything_comes_back_at_the_next_start(make, qtbot, tmp_path):
    path = tmp_path / "preferences.json"
    first = make(*ALL, store=Store(path))
    first.host.docks["spectrum"].close()
    first.host.docks["attributes"].setFloating(True)
    first.host.resizeDocks([first.host.docks["body"]], [600], Qt.Orientation.Horizontal)
    qtbot.wait(50)
    was, width = places(first), first.host.docks["body"].width()
    first.close()
    second = make(*ALL, store=Store(path))
    assert places(second) == was
    assert second.host.docks["body"].width() == pytest.approx(width, abs=4)
    second.host.docks["attributes"].setFloating(False)


def test_views_that_came_or_went_since_do_no_harm(make, qtbot, tmp_path):
    path = tmp_path / "preferences.json"
    first = make("body", "traces", "gone", store=Store(path))
    first.host.docks["traces"].close()
    first.close()
    second = make("body", "traces", "fresh", store=Store(path))
    shown = places(second)
    assert "traces" not in shown
    assert {"body", "fresh"} <= set(shown)
    assert second.error_bar.isHidden()


@pytest.mark.parametrize("state", ["00", "zz", "000000ff00000000fd", "ff" * 200])
def test_a_layout_that_means_nothing_is_the_one_delivered(make, qtbot, tmp_path, state):
    store = Store(tmp_path / "preferences.json")
    store.change(layout="" if state == "zz" else state, layouts={"broken": state})
    window = make(*ALL, store=store)
    assert set(places(window)) == set(ALL)
    window.layouts.show("broken")
    assert "could not be shown" in window.error_bar.text
    assert set(places(window)) == set(ALL)


def test_the_body_is_drawn_again_after_it_floated(window, qtbot):
    from m3n_studio.studio.frame.samples import samples

    window.opener.open_sample(samples()[-1])
    qtbot.waitUntil(lambda: window.contents.clip is not None, timeout=20_000)
    view, dock = window.views["body"], window.host.docks["body"]
    for floating in (True, False):
        dock.setFloating(floating)
        QApplication.processEvents()
        qtbot.wait(200)
        image = view.picture()
        colors = {image.pixelColor(x, image.height() // 2).name() for x in range(0, image.width(), 3)}
        assert len(colors) > 15
    assert window.error_bar.isHidden()
