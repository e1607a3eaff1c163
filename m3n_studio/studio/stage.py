"""`Stage`: what the three-dimensional view shows, drawable in any OpenGL context.

The same stage draws into the window's GL widget and into the off-screen picture, so the two
agree. State is plain values (:class:`Scene`, a frame, a camera, a theme); GL objects are made
on the first draw in the context that is then current, and again after :meth:`Stage.forget`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape
from m3n_studio.motion.clip import Clip
from m3n_studio.studio.bones import BonePose, BoneTrack, Skin, skin_of
from m3n_studio.studio.camera import OrbitCamera
from m3n_studio.studio.theme import Theme
from m3n_studio.studio.visuals import BodyVisual, DeviceVisual, GroundVisual, Look, Smoother

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SensorTrack:
    """Where a sensor is over a clip: p (T, 3), m, and R_ws (T, 3, 3), sensor to world."""

    name: str
    p: Array
    R_ws: Array

    def at(self, frame: int) -> Array:
        """Sensor to world (4, 4) at a frame."""
        out = np.eye(4)
        out[:3, :3], out[:3, 3] = self.R_ws[frame], self.p[frame]
        return out


@dataclass(frozen=True, eq=False)
class Scene:
    """A body in motion with its sensors."""

    track: BoneTrack
    skin: Skin
    sensors: tuple[SensorTrack, ...] = ()

    @staticmethod
    def of(model: BodyModel, clip: Clip, *, shape: Shape | None = None, sensors: tuple[SensorTrack, ...] = ()) -> Scene:
        """The scene of a clip on a body; ``shape=None`` means the clip's own."""
        track = BoneTrack(model, clip, shape)
        return Scene(track, skin_of(model, track.shape), sensors)


@dataclass
class _Gl:
    """GL objects of the current context, and the scene the body was made for."""

    ground: GroundVisual
    devices: DeviceVisual
    smoother: Smoother
    theme: str
    body: BodyVisual | None = None
    scene: Scene | None = None


@dataclass
class Stage:
    """Everything the picture depends on; change the fields, then draw.

    Attributes
    ----------
    scene : Scene or None
    frame : int
    camera : OrbitCamera
    theme : Theme
    follow : bool
        The camera's target keeps up with the pelvis on the ground plane.
    show_sensors, show_ground : bool
    selected : int
        Index of the highlighted sensor, -1 for none.
    """

    theme: Theme
    scene: Scene | None = None
    frame: int = 0
    camera: OrbitCamera = field(default_factory=OrbitCamera)
    follow: bool = True
    show_sensors: bool = True
    show_ground: bool = True
    selected: int = 0
    _gl: _Gl | None = field(default=None, repr=False)

    def forget(self) -> None:
        """The context is gone: make new GL objects on the next draw."""
        self._gl = None

    def pose(self) -> BonePose | None:
        """The body's bones at the current frame."""
        return None if self.scene is None else self.scene.track.at(self.frame)

    def shot(self, pose: BonePose | None) -> OrbitCamera:
        """The camera as it stands for a pose: moved along when it follows."""
        if pose is None or not self.follow:
            return self.camera
        x, y, z = self.camera.target
        root = pose.joints[0]
        return self.camera.look_at(np.array([x + root[0], y, z + root[2]]))

    def sensor_poses(self) -> Array:
        """Sensor to world (P, 4, 4) at the current frame."""
        sensors = self.scene.sensors if self.scene is not None and self.show_sensors else ()
        return np.array([s.at(min(self.frame, len(s.p) - 1)) for s in sensors]).reshape(-1, 4, 4)

    def draw(self, width: int, height: int, *, smooth: bool = True) -> None:
        """Draw into the current framebuffer of `width` x `height` pixels, with smooth edges or fast."""
        if smooth:
            self._objects().smoother.draw(width, height, self._draw)
        else:
            self._draw(width, height)

    def _draw(self, width: int, height: int) -> None:
        from vispy import gloo

        pose = self.pose()
        camera = self.shot(pose)
        look = self._look(camera, width, height)
        gl = self._objects()
        gloo.set_viewport(0, 0, width, height)
        gloo.set_state(depth_test=True, blend=False, cull_face=False)
        gloo.set_depth_mask(True)
        gloo.set_clear_color(self.theme.stage.background)
        gloo.clear(color=True, depth=True)
        if self.show_ground:
            gl.ground.set_pose(pose)
            gl.ground.draw(look, (camera.target[0], camera.target[2]))
        if pose is not None and gl.body is not None:
            gl.body.set_pose(pose)
            gl.body.draw(look)
        poses = self.sensor_poses()
        if len(poses):
            gl.devices.draw(look, poses, self.selected, self.theme.accent)

    def _look(self, camera: OrbitCamera, width: int, height: int) -> Look:
        right, up, back = camera.rotation()
        key = 0.55 * up + 0.6 * back - 0.45 * right + np.array([0.0, 0.45, 0.0])
        return Look(
            camera.view(), camera.projection(width, height), camera.eye(), key / np.linalg.norm(key), self.theme.stage
        )

    def _objects(self) -> _Gl:
        axes = (self.theme.axis_x, self.theme.axis_y, self.theme.axis_z)
        if self._gl is None:
            self._gl = _Gl(GroundVisual(), DeviceVisual(axes), Smoother(), self.theme.name)
        if self._gl.theme != self.theme.name:
            self._gl.devices, self._gl.theme = DeviceVisual(axes), self.theme.name
        if self._gl.scene is not self.scene:
            self._gl.scene = self.scene
            self._gl.body = None
            if self.scene is not None:
                self._gl.body = BodyVisual(self.scene.skin, len(self.scene.track.model.parents))
        return self._gl
