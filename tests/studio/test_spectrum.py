"""Spectra against SciPy's, tones where they are, coherence of related and unrelated, gaps never bridged."""

import time

import numpy as np
import pytest

from m3n_studio.recordings.signal import Signal
from m3n_studio.studio.core.clock import Clock
from m3n_studio.studio.core.contents import Contents
from m3n_studio.studio.core.jobs import Jobs
from m3n_studio.studio.core.selection import Selection
from m3n_studio.studio.look.theme import load_theme
from m3n_studio.studio.traces import spectrum
from m3n_studio.studio.traces.spectrum_view import SpectrumView
from m3n_studio.studio.traces.spectrum_work import Question, answer
from m3n_studio.studio.traces.trace_data import QUANTITIES

ACC = QUANTITIES[0]
ALL = (-1e9, 1e9)


def tones(*, rate=100.0, seconds=60.0, seed=0, hz=7.0, valid=None):
    rng = np.random.default_rng(seed)
    t = np.arange(round(rate * seconds)) / rate
    acc = rng.normal(size=(len(t), 3)) * 0.1 + 9.0
    acc[:, 0] += 2.0 * np.sin(2 * np.pi * hz * t)
    return Signal("w", t, acc, rng.normal(size=(len(t), 3)), valid)


def test_the_density_is_welchs():
    from scipy.signal import welch

    signal = tones()
    ours = spectrum.density(spectrum.stretch(signal, ACC, "x", ALL), 512)
    frequency, theirs = welch(signal.acc_mps2[:, 0], 100.0, window="hann", nperseg=512, detrend="constant")
    np.testing.assert_allclose(ours.frequency_hz, frequency, atol=1e-9)
    np.testing.assert_allclose(ours.density, theirs, rtol=1e-9, atol=1e-12)


def test_all_axes_are_the_sum_of_the_axes():
    signal = tones()
    whole = spectrum.density(spectrum.stretch(signal, ACC, "magnitude", ALL)).density
    parts = sum(spectrum.density(spectrum.stretch(signal, ACC, c, ALL)).density for c in "xyz")
    np.testing.assert_allclose(whole, parts)


def test_a_tone_is_where_it_is_and_has_its_power():
    found = spectrum.density(spectrum.stretch(tones(hz=12.5), ACC, "x", ALL))
    assert found.frequency_hz[found.density.argmax()] == pytest.approx(12.5, abs=0.2)
    power = found.density.sum() * found.frequency_hz[1]
    assert power == pytest.approx(2.0**2 / 2 + 0.1**2, rel=0.03)


def test_nothing_is_bridged():
    """A gap in which the samples are wild does not change the spectrum."""
    n = 6000
    valid = np.ones(n, bool)
    valid[2500:3100] = False
    clean = tones(valid=valid)
    acc = clean.acc_mps2.copy()
    acc[~valid] = 1e6
    wild = clean.with_(acc_mps2=acc)
    one, other = (spectrum.density(spectrum.stretch(s, ACC, "magnitude", ALL)) for s in (clean, wild))
    np.testing.assert_array_equal(one.density, other.density)
    picture = spectrum.spectrogram(spectrum.stretch(wild, ACC, "x", (0.0, 60.0)), (0.0, 60.0))
    inside = (picture.time_s > 25.0) & (picture.time_s < 31.0)
    assert np.isnan(picture.density[inside]).all()
    assert np.isfinite(picture.density[picture.time_s < 23.0]).all()
    assert np.nanmax(picture.density) < 100


def test_coherence_tells_related_from_unrelated():
    rng = np.random.default_rng(5)
    t = np.arange(6000) / 100.0
    common = rng.normal(size=(6000, 3))
    one = Signal("a", t, common, common)
    same = Signal("b", t, 3 * common + 0.01 * rng.normal(size=(6000, 3)), common)
    other = Signal("b", t, rng.normal(size=(6000, 3)), common)
    assert spectrum.coherence(one, same, ACC, "x", ALL).density[1:-1].min() > 0.99
    assert spectrum.coherence(one, other, ACC, "magnitude", ALL).density.mean() < 0.15
    assert spectrum.coherence(one, same, ACC, "x", (0.0, 0.2)) is None


def test_coherence_ends_at_the_lower_nyquist_rate():
    fast, slow = tones(rate=100.0), tones(rate=40.0)
    found = spectrum.coherence(fast, slow, ACC, "x", ALL)
    assert found.frequency_hz.max() <= 20.0


def test_too_little_is_nothing():
    assert spectrum.density(spectrum.stretch(tones(), ACC, "x", (0.0, 0.1))) is None
    assert spectrum.spectrogram(spectrum.stretch(tones(), ACC, "x", (0.0, 0.1)), (0.0, 0.1)) is None
    assert answer(Question({"real": tones()}, ACC, "x", (0.0, 0.1), "real")).densities == {}


def test_jitter_is_taken_out():
    signal = tones()
    jitter = signal.time_s + np.random.default_rng(1).uniform(-0.002, 0.002, len(signal))
    found = spectrum.density(spectrum.stretch(signal.with_(time_s=jitter), ACC, "x", ALL))
    assert found.frequency_hz[found.density.argmax()] == pytest.approx(7.0, abs=0.3)


# ---------------------------------------------------------------- the view


@pytest.fixture
def made(qtbot, display):
    clock, selection, jobs = Clock(), Selection(), Jobs()
    view = SpectrumView(clock, load_theme("dark"), selection, jobs)
    view.resize(560, 600)
    contents = Contents("c", None, (tones(),), (tones(seed=2, hz=7.0),))
    clock.set_range(0.0, 60.0)
    view.set_contents(contents)
    view.show()
    qtbot.waitExposed(view)
    yield view, selection, jobs
    view.release()
    jobs.stop()
    view.close()
    view.deleteLater()


def test_it_follows_the_selected_time(made, qtbot):
    view, selection, _ = made
    qtbot.waitUntil(lambda: view.answer is not None)
    assert set(view.answer.densities) == {"simulated", "real"}
    assert view.answer.question.span_s == (0.0, 60.0)
    selection.set_range((10.0, 20.0))
    qtbot.waitUntil(lambda: view.answer.question.span_s == (10.0, 20.0))
    assert "10.00 – 20.00 s selected" in view.span_label.text()
    curve = view.density_plot.listDataItems()[0]
    x, y = curve.getOriginalDataset()
    kind = curve.name()
    np.testing.assert_allclose(y, view.answer.densities[kind].density[1:])
    assert x[np.argmax(y)] == pytest.approx(7.0, abs=0.5)
    picture = view.grab().toImage()
    seen = {picture.pixelColor(px, py).name() for px in range(0, 560, 2) for py in range(40, 260, 2)}
    assert view._theme.real in seen
    assert view._theme.simulated in seen


def test_too_short_a_time_is_told(made, qtbot):
    view, selection, _ = made
    selection.set_range((1.0, 1.05))
    qtbot.waitUntil(lambda: view.message.isVisible())
    assert "longer stretch" in view.message.text()
    assert not view.graph.isVisible()


def test_requests_coalesce_and_a_hidden_view_does_not_work(made, qtbot):
    view, selection, jobs = made
    qtbot.waitUntil(lambda: view.answer is not None)
    started = []
    jobs.started.connect(started.append)
    for i in range(20):
        selection.set_range((1.0 + 0.1 * i, 30.0))
    qtbot.waitUntil(lambda: view.answer.question.span_s == (1.0 + 0.1 * 19, 30.0))
    assert len(started) == 1
    view.hide()
    selection.set_range((3.0, 5.0))
    time.sleep(0.05)
    qtbot.wait(250)
    assert len(started) == 1
    view.show()
    qtbot.waitUntil(lambda: view.answer.question.span_s == (3.0, 5.0))
