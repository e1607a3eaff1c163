"""A few letters find the command; the palette is used with the keyboard alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from m3n_studio.studio.frame.fuzzy import score, search
from m3n_studio.studio.frame.palette import Palette
from tests.studio.conftest import active

pytestmark = pytest.mark.gl


def names(query, texts):
    return [item for item, _ in search(query, texts, texts)]


def test_starts_of_words_and_runs_come_first():
    assert names("sl", ["Faster slide", "Step left", "Slower"])[0] in ("Slower", "Step left")
    assert names("play", ["Display all", "Play", "Put layer away"])[0] == "Play"
    assert names("ol", ["Close all", "Open layout"])[0] == "Open layout"


def test_letters_must_be_there_in_order():
    assert score("yalp", "play") is None
    assert score("plz", "play") is None
    assert names("", ["b", "a"]) == ["b", "a"]


@given(st.text(max_size=6), st.text(max_size=30))
def test_the_places_are_those_of_the_letters(query, text):
    found = score(query, text)
    if found is None:
        return
    wanted = "".join(query.lower().split())
    places = found[1]
    assert list(places) == sorted(set(places))
    low = text.lower() if len(text.lower()) == len(text) else text
    assert "".join(low[i] for i in places) == wanted


def palette(window):
    window.actions_by_name["palette"].trigger()
    dialog = window.findChild(Palette)
    QTest.qWaitForWindowActive(dialog, 2000)
    return dialog


def test_the_keys_open_it_and_it_has_the_focus(window, qtbot):
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.findChild(Palette) is not None)
    dialog = window.findChild(Palette)
    active(qtbot, dialog)
    assert dialog.line.hasFocus()
    QTest.keyClick(dialog.line, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.findChild(Palette) is None)


def test_typing_and_enter_does_it(window, qtbot):
    theme = window.theme.name
    dialog = palette(window)
    QTest.keyClicks(dialog.line, "switch dark")
    assert dialog.found[0].text == "Switch light and dark"
    assert dialog.found[0].keys == "Ctrl+D"
    QTest.keyClick(dialog.line, Qt.Key.Key_Return)
    assert window.theme.name != theme
    qtbot.waitUntil(lambda: window.findChild(Palette) is None)


def test_everything_is_in_it(window):
    window.layouts.save("Mine")
    window.store.set(window.store.value.with_recent(("/data/reach.npz",)))
    dialog = palette(window)
    kinds = {entry.kind for entry in dialog.found}
    texts = {entry.text for entry in dialog.found}
    assert {"Layout", "Sample", "Recent file", "View", "Playback", "Edit", "File", "Help"} <= kinds
    assert {"Mine", "Packing, with a recording", "Walk", "reach.npz — data", "Show Body"} <= texts
    assert len(texts) > 40
    dialog.close()


def test_what_cannot_be_done_now_is_grey_and_passed_over(window):
    dialog = palette(window)
    QTest.keyClicks(dialog.line, "step")
    assert not dialog.found[0].enabled
    row = dialog.list.currentIndex().row()
    assert row == -1 or dialog.found[row].enabled
    QTest.keyClick(dialog.line, Qt.Key.Key_Return)
    assert dialog.isVisible() or row != -1
    dialog.close()


def test_arrows_go_round(window):
    dialog = palette(window)
    QTest.keyClicks(dialog.line, "colours")
    usable = [i for i, e in enumerate(dialog.found) if e.enabled]
    seen = []
    for _ in range(len(usable) + 1):
        seen.append(dialog.list.currentIndex().row())
        QTest.keyClick(dialog.line, Qt.Key.Key_Down)
    assert len(usable) >= 3
    assert sorted(set(seen)) == usable
    assert seen[-1] == seen[0]
    QTest.keyClick(dialog.line, Qt.Key.Key_Up)
    dialog.close()


def test_a_sample_is_opened_from_it(window, qtbot):
    dialog = palette(window)
    QTest.keyClicks(dialog.line, "sit stand")
    QTest.keyClick(dialog.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.contents.clip is not None, timeout=20_000)
    assert window.contents.title == "sit_stand.npz"


@pytest.mark.parametrize("size", [(900, 650), (1600, 1000)])
def test_it_lies_inside_the_window_and_nothing_is_found_is_said(window, size):
    window.resize(*size)
    QApplication.processEvents()
    dialog = palette(window)
    assert dialog.width() <= window.width()
    assert dialog.height() <= window.height()
    QTest.keyClicks(dialog.line, "qqqzzz")
    assert dialog.nothing.isVisible()
    QTest.keyClick(dialog.line, Qt.Key.Key_Down)
    QTest.keyClick(dialog.line, Qt.Key.Key_Return)
    assert dialog.isVisible()
    dialog.close()
