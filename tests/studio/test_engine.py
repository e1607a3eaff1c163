"""The engine's cheap answers are the true ones."""

import numpy as np
import pytest

from m3n_studio import workbench
from m3n_studio.body.shape import Shape
from m3n_studio.imu.population import of_people
from m3n_studio.studio.core import derived
from m3n_studio.studio.core.document import Document
from m3n_studio.studio.core.engine import BODIES, Engine
from m3n_studio.studio.core.jobs import Jobs


@pytest.fixture
def full(body, clip):
    return Document(title="t", model=body, clip=clip, placements=workbench.place(body, workbench.WRISTS))


def test_signals_worked_out_when_looked_at_are_the_tensors(full):
    base = derived.make_base(full)
    shape = Shape((1.0, -0.5), {"forearm": 0.1}, 1.02, full.model.name)
    for one, other in zip(derived.signals(base, shape), base.tensor.signals(shape), strict=True):
        assert "acc_mps2" not in vars(one)
        np.testing.assert_allclose(one.acc_mps2, other.acc_mps2, atol=1e-5)
        np.testing.assert_array_equal(one.gyr_radps, other.gyr_radps)
        np.testing.assert_array_equal(one.valid, other.valid)
        assert one.acc_mps2 is one.acc_mps2
        assert not one.acc_mps2.flags.writeable
        assert one.with_(name="x").acc_mps2.shape == other.acc_mps2.shape
        assert len(one) == len(other)
        assert one.rate_hz == other.rate_hz


def test_a_ghost_is_kept_while_the_body_changes_and_made_anew_with_the_clip(qtbot, full):
    jobs = Jobs()
    engine = Engine(jobs)
    ghost = Shape(limbs={"forearm": 0.1})
    with qtbot.waitSignal(engine.shown, timeout=10_000):
        engine.set_document(full.with_(ghost=ghost))
    first = engine.contents.ghost
    engine.set_document(full.with_(ghost=ghost, shape=Shape(limbs={"thigh": 0.1})))
    assert engine.contents.ghost is first
    slower = full.clip.with_(rate_hz=20.0)
    with qtbot.waitSignal(engine.shown, timeout=10_000):
        engine.set_document(full.with_(ghost=ghost, clip=slower))
    assert engine.contents.ghost is not first
    assert engine.contents.ghost[0].time_s[-1] > first[0].time_s[-1]
    jobs.stop()


def test_bands_come_when_the_hand_rests_and_only_the_latest_population_counts(qtbot, full):
    jobs = Jobs()
    engine = Engine(jobs)
    with qtbot.waitSignal(engine.shown, timeout=10_000):
        engine.set_document(full)
    short, tall = of_people(full.model, ("stature",)), of_people(full.model, ("mass",))
    with qtbot.waitSignal(engine.refined, timeout=20_000):
        engine.set_document(full.with_(population=short))
        assert engine.contents.envelopes == ()
        engine.set_document(full.with_(population=tall))
    vectors = derived_vectors(full, tall)
    want = np.median(engine.base.tensor.acc_many(vectors)[:, 1], axis=0)
    found = engine.contents.envelopes[1]
    np.testing.assert_allclose(found.values[2, found.valid, :3], want[found.valid], atol=1e-4)
    engine.set_document(full)
    assert engine.contents.envelopes == ()
    jobs.stop()


def derived_vectors(full, population):
    from m3n_studio.imu.population import draw

    return draw(full.model, population, BODIES)[0]
