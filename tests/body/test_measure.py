"""Measurements obey the laws of tape and scale, and the default body is a person."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.body.files import default_body, load_body
from m3n_studio.body.measure import DENSITY_KGPM3, NAMES, gauge, measure, population
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import LIMBS, Shape, shape_space
from m3n_studio.body.skeleton import PARENTS
from tests.bodies import body_arrays, write_body

shapes = st.builds(
    lambda betas, limbs, scale: Shape(tuple(betas), dict(zip(LIMBS, limbs, strict=True)), scale),
    st.lists(st.floats(-2, 2), max_size=16), st.lists(st.floats(-0.1, 0.1), min_size=10, max_size=10),
    st.floats(0.5, 2),
)  # fmt: skip


@given(shapes)
@settings(max_examples=25, deadline=None)
def test_lengths_scale_with_size_and_mass_with_its_cube(shape):
    one = measure(default_body(), Shape(shape.betas, shape.limbs)).by_name()
    scaled = measure(default_body(), shape).by_name()
    for name in NAMES:
        power = 3 if name == "mass" else 1
        assert scaled[name] == pytest.approx(one[name] * shape.scale**power), name


@given(shapes)
@settings(max_examples=25, deadline=None)
def test_stature_and_span_are_the_extent_of_the_vertices(shape):
    vertices = shape_space(default_body()).vertices(shape)
    found = measure(default_body(), shape)
    assert found.stature_m == pytest.approx(np.ptp(vertices[:, 1]))
    assert found.arm_span_m == pytest.approx(np.ptp(vertices[:, 0]))


@pytest.mark.parametrize("limb", LIMBS)
def test_a_limb_scale_is_the_fraction_by_which_its_measurement_grows(limb):
    """Hand and foot end on skin that partly belongs to the next segment, hence their wider margin."""
    before, after = (measure(default_body(), s).by_name() for s in (Shape(), Shape(limbs={limb: 0.1})))
    assert after[limb] / before[limb] == pytest.approx(1.1, abs=5e-3 if limb in ("hand", "foot") else 1e-6)
    for name in set(LIMBS) - {limb}:
        assert after[name] == pytest.approx(before[name], abs=1e-3), name


@given(st.lists(st.floats(-2, 2), min_size=26, max_size=26))
@settings(max_examples=10, deadline=None)
def test_gradients_are_the_slopes(numbers):
    vector = np.array(numbers) * ([1.0] * 16 + [0.05] * 10)
    tool = gauge(default_body())
    direction = np.random.default_rng(0).normal(size=26) * ([1.0] * 16 + [0.05] * 10)
    ahead, behind = (tool.values(vector + s * direction) for s in (1e-5, -1e-5))
    for name, (_, slope) in tool.linearise(vector).items():
        assert slope @ direction == pytest.approx((ahead[name] - behind[name]) / 2e-5, rel=1e-4, abs=1e-6), name


def test_the_skin_of_the_default_body_is_closed():
    assert gauge(default_body()).lids == ()


def box_body(faces):
    """A box of 0.2 x 0.3 x 0.5 m as a body: its corners belong to the 52 joints in turn."""
    corners = np.array([[x, y, z] for x in (0, 0.2) for y in (0, 0.3) for z in (0, 0.5)])
    vertices = np.concatenate([corners, np.random.default_rng(0).uniform(0.05, 0.15, size=(104, 3))])
    weights = np.zeros((112, 52))
    weights[np.arange(112), np.arange(112) % 52] = 1
    regressor = np.zeros((52, 112))
    regressor[np.arange(52), 8 + np.arange(52)] = 1
    return BodyModel("box", "smplh", "neutral", vertices, np.array(faces, dtype=np.int32), np.array(PARENTS), weights,
                     regressor, np.zeros((112, 3, 1)))  # fmt: skip


QUADS = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def triangles(quads):
    return [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]


def test_mass_is_volume_times_density():
    assert measure(box_body(triangles(QUADS))).mass_kg == pytest.approx(0.03 * DENSITY_KGPM3)


def test_mass_does_not_mind_which_way_faces_turn():
    inside_out = [(a, c, b) for a, b, c in triangles(QUADS)]
    assert measure(box_body(inside_out)).mass_kg == pytest.approx(0.03 * DENSITY_KGPM3)


@pytest.mark.parametrize("missing", [[0], [5], [0, 1], [2, 3]])
def test_openings_are_lidded(missing):
    """A box without one side, or two opposite ones, still holds its volume."""
    quads = [q for i, q in enumerate(QUADS) if i not in missing]
    model = box_body(triangles(quads))
    assert len(gauge(model).lids) == len(missing)
    assert measure(model).mass_kg == pytest.approx(0.03 * DENSITY_KGPM3)
    slope = gauge(model).linearise(np.zeros(11))["mass"][1]
    step = np.eye(11)[1 + LIMBS.index("thigh")] * 1e-5
    ahead, behind = (gauge(model).values(s * step, ("mass",))["mass"] for s in (1, -1))
    assert slope @ step * 2 == pytest.approx(ahead - behind, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("family", ["smpl", "smplh", "smplx"])
def test_every_family_can_be_measured(tmp_path, family):
    model = load_body(write_body(tmp_path / "body.npz", family))
    found = measure(model)
    index = {name: i for i, name in enumerate(model.joint_names)}
    thigh = np.linalg.norm(model.joints[index["left_knee"]] - model.joints[index["left_hip"]])
    assert found.thigh_m == pytest.approx(thigh, rel=1e-6)
    assert all(np.isfinite(v) for v in asdict(found).values())
    assert body_arrays(family)["weights"].shape[1] == len(model.parents)


def test_the_default_body_is_an_average_adult():
    m = measure(default_body())
    assert 1.66 < m.stature_m < 1.74
    assert 65 < m.mass_kg < 75
    assert m.arm_span_m / m.stature_m == pytest.approx(1.0, abs=0.02)
    # Winter (2009), table 4.1, fractions of stature; the upper arm there begins at the acromion
    for name, fraction in {"forearm": 0.146, "hand": 0.108, "thigh": 0.245, "shank": 0.246, "foot": 0.152}.items():
        assert m.by_name()[name] / m.stature_m == pytest.approx(fraction, rel=0.08), name


@pytest.mark.parametrize("component", range(16))
@pytest.mark.parametrize("deviations", [-3.0, 3.0])
def test_three_deviations_of_any_component_are_still_an_adult(component, deviations):
    m = measure(default_body(), Shape((*[0.0] * component, deviations)))
    assert 1.40 < m.stature_m < 2.05
    assert 16 < m.mass_kg / m.stature_m**2 < 36
    assert 0.92 < m.arm_span_m / m.stature_m < 1.08


def test_the_population_is_that_of_adults():
    p = population(default_body())
    place = {name: i for i, name in enumerate(p.names)}
    assert 0.07 < p.std[place["stature"]] < 0.11
    assert 10 < p.std[place["mass"]] < 17
    assert p.correlation[place["stature"], place["thigh"]] > 0.7
    assert np.allclose(np.diag(p.correlation), 1)
    drawn = np.random.default_rng(0).normal(size=(300, 16))
    statures = [measure(default_body(), Shape(tuple(b))).stature_m for b in drawn]
    assert np.std(statures) == pytest.approx(p.std[place["stature"]], rel=0.15)
