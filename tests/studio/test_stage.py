"""The picture: what the card skins is the forward pass, and both ways of drawing agree."""

import os
from dataclasses import replace

import numpy as np
import pytest

from m3n_studio.body.forward import forward
from m3n_studio.errors import M3nError
from m3n_studio.studio.look.theme import load_theme, rgb
from m3n_studio.studio.scene.bones import BonePose, skin_of
from m3n_studio.studio.scene.camera import OrbitCamera
from m3n_studio.studio.scene.offscreen import OffscreenRenderer, render_body
from m3n_studio.studio.scene.sensors import SensorTrack
from m3n_studio.studio.scene.stage import Scene, Stage

SIZE = (320, 300)


@pytest.fixture(scope="module")
def renderer():
    try:
        renderer = OffscreenRenderer()
    except M3nError as error:
        pytest.skip(f"no EGL here: {error}")
    yield renderer
    renderer.close()


@pytest.fixture
def stage(body, clip):
    return Stage(magenta(), Scene.of(body, clip), show_ground=False, selected=-1)


def magenta():
    """The light theme on a background no body has."""
    theme = load_theme("light")
    return replace(theme, stage=replace(theme.stage, background="#ff00ff"))


def excess(picture):
    """Red minus green (H, W): 255 on the background, about 0 on the body, between at smooth edges."""
    return picture[..., 0].astype(int) - picture[..., 1]


def silhouette(picture):
    """Pixels of the body (H, W) bool."""
    return excess(picture) < 128


class Posed:
    """A track that shows ready vertices through bones that do nothing."""

    def __init__(self, track, vertices, joints):
        self.model, self.clip = track.model, track.clip
        still = np.tile(np.eye(3, 4, dtype=np.float32), (len(joints), 1, 1))
        self._pose = BonePose(still, joints.astype(np.float32), vertices.astype(np.float32))

    def at(self, frame):
        return self._pose


@pytest.mark.parametrize("frame", [0, 20, 59])
def test_the_body_skinned_on_the_card_is_the_forward_pass(renderer, stage, body, clip, frame):
    stage.frame = frame
    ours = renderer.render(stage, *SIZE)
    vertices, joints = forward(body, clip.poses[frame : frame + 1], clip.trans[frame : frame + 1], clip.shape)
    scene = Scene(Posed(stage.scene.track, vertices[0], joints[0]), skin_of(body, clip.shape))
    expected = renderer.render(replace(stage, scene=scene, _gl=None), *SIZE)
    a, b = silhouette(ours), silhouette(expected)
    assert a.sum() > 3000
    assert (a != b).sum() <= 0.002 * a.sum()


def test_the_card_places_vertices_to_the_millimetre(renderer, stage, body, clip):
    """Close up, a pixel is under a millimetre: the hand's outline still agrees."""
    frame = 40
    vertices, joints = forward(body, clip.poses[frame : frame + 1], clip.trans[frame : frame + 1], clip.shape)
    wrist = joints[0, 20]
    stage.frame, stage.follow = frame, False
    stage.camera = OrbitCamera(target=tuple(map(float, wrist)), distance_m=0.45)
    assert stage.camera.metres_per_pixel(*SIZE) < 1e-3
    ours = renderer.render(stage, *SIZE)
    scene = Scene(Posed(stage.scene.track, vertices[0], joints[0]), skin_of(body, clip.shape))
    expected = renderer.render(replace(stage, scene=scene, _gl=None), *SIZE)
    a, b = silhouette(ours), silhouette(expected)
    assert 2000 < a.sum() < a.size - 2000
    assert (a != b).sum() <= 0.005 * a.sum()


def test_normals_are_skinned_with_the_body(renderer, stage, body, clip):
    """A body turned round and seen from behind its back looks as before: light comes with the camera."""
    turned = np.array(clip.poses[:1])
    turned[0, 0] = (0.0, np.pi, 0.0)
    stage.frame = 0
    first = renderer.render(stage, *SIZE)
    scene = Scene.of(body, clip.with_(poses=turned, trans=clip.trans[:1], valid=None, texts=()))
    camera = replace(stage.camera, azimuth_deg=stage.camera.azimuth_deg + 180)
    second = renderer.render(replace(stage, scene=scene, camera=camera, _gl=None), *SIZE)
    both = silhouette(first) & silhouette(second)
    assert both.sum() > 3000
    assert np.abs(first[both].astype(int) - second[both].astype(int)).mean() < 0.5


def test_the_body_moves_when_the_frame_does(renderer, stage):
    pictures = []
    for frame in (0, 30):
        stage.frame = frame
        pictures.append(silhouette(renderer.render(stage, *SIZE)))
    assert (pictures[0] != pictures[1]).mean() > 0.005


def test_a_following_camera_keeps_the_body_in_the_middle(renderer, stage):
    def centre(follow):
        stage.follow, stage.frame = follow, 59
        return np.nonzero(silhouette(renderer.render(stage, *SIZE)))[1].mean() / SIZE[0]

    assert abs(centre(True) - 0.5) < 0.08
    assert abs(centre(False) - 0.5) > 0.12


def test_the_ground_has_lines_and_a_shadow_under_the_feet(renderer, stage):
    stage.theme, stage.show_ground = load_theme("light"), True
    ground = renderer.render(stage, *SIZE).astype(int)
    bare = renderer.render(replace(stage, show_ground=False, _gl=None), *SIZE).astype(int)
    assert (np.abs(ground - bare).max(axis=2) > 3)[200:].sum() > 5000
    colors = replace(stage.theme.stage, shadow_strength=0.0)
    unshaded = renderer.render(replace(stage, theme=replace(stage.theme, stage=colors), _gl=None), *SIZE).astype(int)
    darker = (unshaded - ground)[..., :3].mean(axis=2)
    assert darker.min() > -3
    rows, columns = np.nonzero(darker > 20)
    assert len(rows) > 400
    assert rows.min() > 0.6 * SIZE[1]
    assert abs(columns.mean() / SIZE[0] - 0.5) < 0.1


def test_without_a_body_there_is_only_ground(renderer):
    stage = Stage(load_theme("light"))
    picture = renderer.render(stage, *SIZE)
    assert picture[:60].reshape(-1, 4).std(axis=0).max() < 1.0
    assert picture[200:].reshape(-1, 4).std(axis=0).max() > 1.0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_background_is_the_themes(renderer, stage, theme):
    stage.theme = load_theme(theme)
    corner = renderer.render(stage, *SIZE)[2, 2, :3] / 255
    np.testing.assert_allclose(corner, rgb(load_theme(theme).stage.background), atol=0.01)


def test_sensors_show_where_they_are_and_the_selected_one_stands_out(renderer, stage, body, clip):
    p = stage.scene.track.at(0).joints[9] + (0.0, 0.1, 0.16)
    sensor = SensorTrack("chest", np.tile(p, (len(clip), 1)), np.tile(np.eye(3), (len(clip), 1, 1)))
    stage.scene = Scene(stage.scene.track, stage.scene.skin, (sensor,))
    stage.camera = OrbitCamera(target=tuple(map(float, p)), distance_m=0.9, azimuth_deg=20)
    stage.follow = False
    without = renderer.render(replace(stage, show_sensors=False, _gl=None), *SIZE)
    plain = renderer.render(stage, *SIZE)
    stage.selected = 0
    chosen = renderer.render(stage, *SIZE)
    assert (np.abs(plain.astype(int) - without).max(axis=2) > 20).sum() > 200
    blue = np.array(rgb(stage.theme.accent))
    count = []
    for picture in (plain, chosen):
        hue = picture[..., :3] / np.maximum(picture[..., :3].max(axis=2, keepdims=True), 1)
        count.append((np.abs(hue - blue / blue.max()).max(axis=2) < 0.08).sum())
    assert count[1] > count[0] + 150  # beyond the blue z axis, which is always there


def test_smooth_edges_only_soften(renderer, stage):
    fast = renderer.render(stage, *SIZE, smooth=False).astype(int)
    smooth = renderer.render(stage, *SIZE, smooth=True).astype(int)
    assert np.abs(fast - smooth).mean() < 2.0
    between = [((excess(p) > 60) & (excess(p) < 195)).sum() for p in (fast, smooth)]
    assert between[0] == 0
    assert between[1] > 300


def test_render_body_is_a_picture_of_the_size_asked_for(body, clip):
    try:
        picture = render_body(body, clip, 1.0, size=(200, 260), theme="dark")
    except M3nError as error:
        pytest.skip(f"no EGL here: {error}")
    assert picture.shape == (260, 200, 4)
    assert picture.dtype == np.uint8
    assert (picture[..., 3] == 255).all()
    assert (picture[..., :3].max(axis=2) > 80).mean() > 0.1


def test_a_closed_renderer_says_so(stage):
    try:
        renderer = OffscreenRenderer()
    except M3nError as error:
        pytest.skip(f"no EGL here: {error}")
    renderer.render(stage, 64, 64)
    renderer.close()
    with pytest.raises(M3nError, match="closed"):
        renderer.render(stage, 64, 64)


@pytest.mark.gl
@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="needs an X display")
def test_the_windows_picture_is_the_off_screen_picture(qtbot, stage, renderer):
    from m3n_studio.studio.scene.viewport import make_viewport

    stage.show_ground = True
    stage.frame = 25
    widget = make_viewport(stage, "gl")
    qtbot.addWidget(widget)
    widget.resize(*SIZE)
    with qtbot.waitSignal(widget.painted):
        widget.show()
    image = widget.picture()
    shown = np.frombuffer(image.convertToFormat(image.Format.Format_RGBA8888).constBits(), np.uint8)
    shown = shown.reshape(image.height(), image.width(), 4)[..., :3].astype(int)
    expected = renderer.render(replace(stage, _gl=None), *SIZE)[..., :3].astype(int)
    assert shown.shape == expected.shape
    assert np.abs(shown - expected).mean() < 0.5
    assert (np.abs(shown - expected).max(axis=2) > 12).mean() < 0.002
