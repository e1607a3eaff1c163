"""Points as pictures, lassos, tables, groups: against what is worked out one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_studio.annotation.model import Annotation, LabelClass, Tier
from m3n_studio.studio.core.moments import Moment
from m3n_studio.studio.core.spans import edges_of, united
from m3n_studio.studio.embedding.embedding_table import (
    MODALITIES,
    POSE,
    REAL,
    SYNTHETIC,
    TEXT,
    PointTable,
    RowFinder,
    groups,
    joined,
    labels_now,
)
from m3n_studio.studio.embedding.lasso import box, enclosed
from m3n_studio.studio.embedding.point_raster import CELL_PX, Camera, Raster, mixed, ramp, rgb32, stamp

SIZE = (60, 40)
GROUND = rgb32("#101010")


def table(starts, session="a", kind=REAL, length_s=2.0, **more):
    n = len(starts)
    given = {
        "vector": np.eye(max(n, 1), 8, dtype=np.float32)[:n], "modality": np.full(n, kind),
        "session": np.full(n, session if kind == REAL else ""),
        "name": np.full(n, session), "subject": np.full(n, "P1"),
        "placement": np.full(n, ""), "start_s": np.array(starts, dtype=float), "length_s": length_s,
        "said": np.full(n, ""), "predicted": np.full(n, -1), "expert": np.full(n, -1),
    }  # fmt: skip
    return PointTable(**{**given, **more})


# ---------------------------------------------------------------------- pictures


@given(st.integers(0, 400), st.sampled_from([1.0, 1.5, 2.0, 3.0]), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_marks_are_where_they_belong_and_nowhere_else(count, radius, seed):
    rng = np.random.default_rng(seed)
    screen = (rng.uniform(-8, 70, (count, 2))).astype(np.float32)
    colors = rng.choice(np.array([rgb32("#ff0000"), rgb32("#00ff00"), 0], dtype=np.uint32), count)
    pixels = Raster().marks(screen, colors, SIZE, GROUND, radius).copy()
    assert pixels.shape == (SIZE[1], SIZE[0])
    possible = {}
    for (x, y), color in zip(np.floor(screen).astype(int).tolist(), colors.tolist(), strict=True):
        for dx, dy in stamp("disc", radius) if color else ():
            possible.setdefault((x + dx, y + dy), set()).add(color)
    for y in range(SIZE[1]):
        for x in range(SIZE[0]):
            if int(pixels[y, x]) != GROUND:
                assert int(pixels[y, x]) in possible.get((x, y), ())
    painted = {(x, y) for x, y in possible if 0 <= x < SIZE[0] and 0 <= y < SIZE[1]}
    # a mark far outside the margin is not drawn; those whose middle is in the picture are, whole
    certain = set()
    for (x, y), color in zip(np.floor(screen).astype(int).tolist(), colors.tolist(), strict=True):
        if color and 0 <= x < SIZE[0] and 0 <= y < SIZE[1]:
            certain |= {(x + dx, y + dy) for dx, dy in stamp("disc", radius)} & painted
    assert all(int(pixels[y, x]) != GROUND for x, y in certain)


def test_what_is_drawn_later_is_on_top_and_memory_is_used_again():
    raster, screen = Raster(), np.full((2, 2), 20.0, dtype=np.float32)
    red, green = rgb32("#ff0000"), rgb32("#00ff00")
    colors = np.array([red, green], dtype=np.uint32)
    first, second = np.array([0]), np.array([1])
    assert raster.marks(screen, colors, SIZE, GROUND, 2.0, [(first, "disc"), (second, "disc")])[20, 20] == green
    assert raster.marks(screen, colors, SIZE, GROUND, 2.0, [(second, "disc"), (first, "disc")])[20, 20] == red
    assert (raster.marks(screen[:0], colors[:0], SIZE, GROUND, 2.0) == GROUND).all()


def test_density_counts_cells_on_a_logarithmic_scale():
    colors = ramp(("#000000", "#ffffff"), 64)
    screen = np.repeat(np.array([[2.0, 2.0], [30.0, 30.0]], dtype=np.float32), [1, 99], axis=0)
    cells = Raster().density(screen, np.ones(100, dtype=bool), SIZE, colors)
    assert cells.shape == (-(-SIZE[1] // CELL_PX), -(-SIZE[0] // CELL_PX))
    assert cells[30 // CELL_PX, 30 // CELL_PX] == colors[-1]
    step = int(np.ceil(np.log1p(1) / np.log1p(99) * 63))
    assert cells[0, 0] == colors[step]
    assert (cells == colors[0]).sum() == cells.size - 2
    hidden = Raster().density(screen, np.zeros(100, dtype=bool), SIZE, colors)
    assert (hidden == colors[0]).all()


@given(st.floats(0.01, 100), st.floats(0, 60), st.floats(0, 40), st.floats(0.2, 5))
def test_zooming_leaves_what_is_under_the_mouse_there(scale, x, y, factor):
    camera = Camera(3.0, -2.0, scale)
    before = camera.to_plane(x, y, SIZE)
    after = camera.zoomed(factor, x, y, SIZE).to_plane(x, y, SIZE)
    assert np.allclose(before, after, atol=1e-6 / scale + 1e-9, rtol=1e-6)
    point = np.array([before], dtype=np.float32)
    assert np.allclose(camera.to_screen(point, SIZE), [[x, y]], atol=1e-2 + 1e-4 * scale)


def test_all_points_fit_and_pushing_pushes():
    flat = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32) * [5, 1]
    camera = Camera.fitting(flat, (300, 200), margin_px=20)
    screen = camera.to_screen(flat.astype(np.float32), (300, 200))
    assert screen.min() >= 19.5
    assert (screen <= np.array([280.5, 180.5])).all()
    moved = camera.moved(7.0, -3.0).to_screen(flat.astype(np.float32), (300, 200))
    assert np.allclose(moved - screen, [7.0, -3.0], atol=1e-3)
    assert Camera.fitting(flat[:0], SIZE) == Camera()


def test_colours_are_mixed():
    assert mixed("#ff0000", "#000000", 0.5) == "#800000"
    assert mixed("#123456", "#000000", 1.0) == "#123456"


# ---------------------------------------------------------------------- lassos


def _odd_even(x, y, corners):
    inside = False
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            inside = not inside
    return inside


def _edge(x, y, corners):
    """How far a point is from the outline."""
    best = np.inf
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        along = np.array([x1 - x0, y1 - y0])
        share = np.clip(np.dot([x - x0, y - y0], along) / max(float(along @ along), 1e-12), 0, 1)
        best = min(best, float(np.hypot(*(np.array([x0, y0]) + share * along - [x, y]))))
    return best


@given(st.lists(st.tuples(st.integers(-10, 70), st.integers(-10, 50)), min_size=3, max_size=8), st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_a_lasso_holds_what_is_inside_it(corners, seed):
    points = np.random.default_rng(seed).uniform(0, 1, (60, 2)) * np.array(SIZE)
    found = enclosed(points.astype(np.float32), [(float(x), float(y)) for x, y in corners], SIZE)
    for (x, y), is_in in zip(points.tolist(), found.tolist(), strict=True):
        if _edge(x, y, corners) > 1.5:
            assert is_in == _odd_even(x, y, corners)


def test_a_box_and_a_line():
    points = np.array([[10.5, 10.5], [30.5, 10.5], [-5.0, 10.0], [99.0, 10.0]], dtype=np.float32)
    assert enclosed(points, box(5, 5, 20, 20), SIZE).tolist() == [True, False, False, False]
    assert enclosed(points, box(20, 20, 5, 5), SIZE).tolist() == [True, False, False, False]
    assert not enclosed(points, [(0.0, 0.0), (50.0, 30.0)], SIZE).any()


# ---------------------------------------------------------------------- tables


def test_a_moment_is_its_window_or_the_windows_in_it():
    both = joined([table([0, 1, 2, 3, 4]), table([0, 1], session="b"), table([0, 1], kind=SYNTHETIC)])
    finder = RowFinder(both)
    assert finder.rows(both.moments(range(len(both)))).tolist() == list(range(7))
    for row in range(7):
        assert finder.rows((both.moment(row),)).tolist() == [row]
    assert both.moment(7) is None
    assert finder.rows([Moment("a", 1.0, 4.5)]).tolist() == [0, 1, 2, 3]
    assert finder.rows([Moment("a", 1.9, 2.0)]).tolist() == [1]
    assert finder.rows([Moment("a", 90.0, 91.0)]).tolist() == []
    assert finder.rows([Moment("gone", 0.0, 2.0)]).tolist() == []


def test_windows_of_several_placements_are_picked_together():
    both = table([0, 0, 1, 1], placement=np.array(["left", "right"] * 2))
    assert RowFinder(both).rows([Moment("a", 0.0, 2.0)]).tolist() == [0, 1]


def test_labels_are_those_that_cover_half_of_a_window():
    tier = Tier(
        "t", classes=(LabelClass("walk", "#112233", "w", id="w"), LabelClass("sit", "#445566", "s", id="s")), id="t"
    )
    labels = [Annotation("t", "w", 0.0, 2.9, id="1"), Annotation("t", "s", 2.9, 6.0, id="2"),
              Annotation("other", "s", 0.0, 9.0, id="3")]  # fmt: skip
    of = joined([table([0, 1, 2, 3, 8]), table([0], kind=TEXT, said=np.array(["wave"]))])
    assert labels_now(of, tier, {"a": labels}).tolist() == ["walk", "walk", "sit", "sit", "", "wave"]
    assert labels_now(of, None, {}).tolist() == ["", "", "", "", "", "wave"]


def test_groups_have_the_tiers_colours_and_count():
    of = joined([table([0, 1, 2, 3]), table([0], kind=POSE, subject=np.array([""]))])
    labels = np.array(["walk", "sit", "walk", "", "wave"])
    predicted = np.array(["walk", "walk", "sit", "sit", ""])
    colors = {"sit": "#111111", "walk": "#222222"}
    by = groups(of, "class", labels, predicted, colors, {})
    assert by.names == ("sit", "walk", "wave", "–")
    assert by.colors[:2] == ("#111111", "#222222")
    assert by.colors[3] == ""
    assert by.counts.tolist() == [1, 2, 1, 1]
    errors = groups(of, "error", labels, predicted, colors, {})
    assert set(errors.names) == {"right", "sit as walk", "walk as sit", "–"}
    assert dict(zip(errors.names, errors.counts.tolist(), strict=True))["–"] == 2
    kinds = groups(of, "modality", labels, predicted, colors, {})
    assert kinds.names == (MODALITIES[REAL], MODALITIES[POSE])
    assert groups(of, "subject", labels, predicted, {}, {}).names == ("P1", "–")
    assert groups(of, "recording", labels, predicted, {}, {"a": "P1/one"}).names[0] in ("P1/one", "a")
    assert groups(of, "expert", labels, predicted, {}, {}).names == ("–",)


# ---------------------------------------------------------------------- marks in the traces


@given(st.lists(st.tuples(st.floats(-5, 30), st.floats(0, 9)), max_size=20))
def test_marks_are_one_rectangle_where_moments_touch(given_spans):
    spans = tuple((a, a + b) for a, b in given_spans)
    found = united(edges_of(spans), (0.0, 20.0), 200.0)
    assert found == sorted(found)
    assert all(0 <= a <= b <= 200 for a, b in found)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))
    for a, b in spans:
        for t in (a, (a + b) / 2, b):
            if 0.5 < t < 19.5 and b > a:
                assert any(low - 0.5 <= 10 * t <= high + 0.5 for low, high in found)


@pytest.mark.parametrize("spans", [(), ((30.0, 40.0),)])
def test_nothing_in_view_is_nothing(spans):
    assert united(edges_of(spans), (0.0, 20.0), 200.0) == []
