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
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.scene.bones import BonePose, BoneTrack, Skin, skin_of
from m3n_studio.studio.scene.camera import OrbitCamera
from m3n_studio.studio.scene.overlays import SkeletonVisual
from m3n_studio.studio.scene.sensors import LiveSensor, SensorTrack
from m3n_studio.studio.scene.visuals import BodyVisual, DeviceVisual, GroundVisual, Look, Smoother

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scene:
    """A body in motion with its sensors."""

    track: BoneTrack
    skin: Skin
    sensors: tuple[SensorTrack | LiveSensor, ...] = ()

    @staticmethod
    def of(
        model: BodyModel, clip: Clip, *, shape: Shape | None = None, sensors: tuple[SensorTrack | LiveSensor, ...] = ()
    ) -> Scene:
        """The scene of a clip on a body; ``shape=None`` means the clip's own."""
        track = BoneTrack(model, clip, shape)
        return Scene(track, skin_of(model, track.shape), sensors)


#: See-through bodies are drawn so much further away, m: where they agree with the first body that is seen.
_BEHIND_M = 0.008
#: How much further away for bodies that stand so many metres apart, so that they fit: by the metre and its square.
_STEP_BACK = (0.16, 0.1)


@dataclass(frozen=True, eq=False)
class Companion:
    """Another body on the stage: the ghost of the previous shape, or another motion.

    shift : (3,), m, moved aside by; start : (3,), m, besides, so that motions begin at one place;
    opacity : below 1 it is seen through; color : ``#rrggbb``, or empty for the theme's.
    """

    scene: Scene
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    opacity: float = 1.0
    color: str = ""
    start: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def moved(self) -> Array:
        """By how much its motion is drawn away from where it was recorded (3,), m."""
        return np.array(self.shift) + np.array(self.start)


@dataclass
class _Gl:
    """GL objects of the current context; the first body is the scene's, then one for each companion."""

    ground: GroundVisual
    devices: DeviceVisual
    skeleton: SkeletonVisual
    smoother: Smoother
    theme: str
    bodies: list[BodyVisual] = field(default_factory=list)
    tint: NDArray | None = None


@dataclass
class Stage:
    """Everything the picture depends on; change the fields, then draw.

    Attributes
    ----------
    scene : Scene or None
    frame : int
        Of the scene's own motion.
    time_s : float
        For companions in other motions, s.
    camera : OrbitCamera
    theme : Theme
    follow : bool
        The camera's target keeps up with the pelvis on the ground plane.
    show_sensors, show_ground, show_skeleton, show_axes : bool
        `show_axes` are those of the joints.
    selected : int
        Index of the highlighted sensor, -1 for none.
    companions : tuple of Companion
        Bodies beside or over the scene's own.
    tint : (V, 3) array or None
        A colour, 0 to 1, for every vertex of the scene's body.
    sensor_tints : tuple of str or None
        A colour for each sensor's case.
    held : LiveSensor or None
        A sensor in the user's hand: drawn in place of the one of that name, or besides.
    """

    theme: Theme
    scene: Scene | None = None
    frame: int = 0
    time_s: float = 0.0
    camera: OrbitCamera = field(default_factory=OrbitCamera)
    follow: bool = True
    show_sensors: bool = True
    show_ground: bool = True
    show_skeleton: bool = False
    show_axes: bool = False
    selected: int = 0
    companions: tuple[Companion, ...] = ()
    tint: NDArray | None = None
    sensor_tints: tuple[str | None, ...] = ()
    held: LiveSensor | None = None
    _gl: _Gl | None = field(default=None, repr=False)

    def forget(self) -> None:
        """The context is gone: make new GL objects on the next draw."""
        self._gl = None

    @property
    def rough(self) -> bool:
        """Whether the last picture was drawn with normals of an earlier shape."""
        return self._gl is not None and any(body.rough for body in self._gl.bodies)

    def pose(self) -> BonePose | None:
        """The body's bones at the current frame."""
        return None if self.scene is None else self.scene.track.at(self.frame)

    def shot(self, pose: BonePose | None) -> OrbitCamera:
        """The camera as it stands for a pose: moved along when it follows, between bodies that stand apart."""
        places = np.array([(0.0, 0.0, 0.0), *(c.shift for c in self.companions)])
        low, high = places.min(axis=0), places.max(axis=0)
        target = np.asarray(self.camera.target) + 0.5 * (low + high)
        if pose is not None and self.follow:
            target = target + pose.joints[0] * (1.0, 0.0, 1.0)
        across = float(np.linalg.norm(high - low))
        camera = self.camera.zoom(1.0 + _STEP_BACK[0] * across + _STEP_BACK[1] * across**2) if across else self.camera
        return camera.look_at(target)

    def frame_of(self, companion: Companion) -> int:
        """A companion's frame now: the scene's own in the same motion, else the one at the time."""
        clip = companion.scene.track.clip
        same = self.scene is not None and clip is self.scene.track.clip
        return self.frame if same else clip.frame_at(self.time_s)

    def sensors(self) -> tuple[SensorTrack | LiveSensor, ...]:
        """The sensors that are drawn, the one in hand included."""
        own = self.scene.sensors if self.scene is not None and self.show_sensors else ()
        held = self.held
        if held is None or not self.show_sensors:
            return own
        if any(s.name == held.name for s in own):
            return tuple(held if s.name == held.name else s for s in own)
        return (*own, held)

    def sensor_poses(self) -> Array:
        """Sensor to world (P, 4, 4) at the current frame."""
        return np.array([s.at(self.frame) for s in self.sensors()]).reshape(-1, 4, 4)

    def draw(self, width: int, height: int, *, smooth: bool = True, refine: bool = True) -> None:
        """Draw into the current framebuffer of `width` x `height` pixels.

        smooth : with smooth edges, or fast; refine : with exact normals, or those of the shape before.
        """
        gl = self._objects()
        for body in gl.bodies if refine else ():
            body.refine()
        if smooth:
            gl.smoother.draw(width, height, self._draw)
        else:
            self._draw(width, height)

    def _draw(self, width: int, height: int) -> None:
        from vispy import gloo

        pose, gl = self.pose(), self._objects()
        camera = self.shot(pose)
        look = self._look(camera, width, height)
        gloo.set_viewport(0, 0, width, height)
        gloo.set_state(depth_test=True, blend=False, cull_face=False)
        gloo.set_depth_mask(True)
        gloo.set_clear_color(self.theme.stage.background)
        gloo.clear(color=True, depth=True)
        others = [(c, c.scene.track.at(self.frame_of(c))) for c in (self.companions if self.scene else ())]
        if pose is not None and self.scene is not None:
            gl.bodies[0].set_pose(pose)
            gl.bodies[0].draw(look)
        self._draw_devices(gl, look)
        self._draw_others(gl, look, others, glass=False)
        if self.show_ground:  # after what hides it, before what is seen through
            apart = [p.joints + c.moved.astype(np.float32) for c, p in others if c.opacity == 1.0 or c.moved.any()]
            own = [] if pose is None else [pose.joints]
            gl.ground.draw(look, (camera.target[0], camera.target[2]), own + apart)
        self._draw_others(gl, look, others, glass=True)
        if pose is not None and self.scene is not None and (self.show_skeleton or self.show_axes):
            parents = self.scene.track.model.parents
            gl.skeleton.draw(look, pose, parents, self.theme, bones=self.show_skeleton, axes=self.show_axes)

    @staticmethod
    def _draw_others(gl: _Gl, look: Look, others: list[tuple[Companion, BonePose]], *, glass: bool) -> None:
        """Draw the companions that are seen through, or the others."""
        for body, (companion, at) in zip(gl.bodies[1:], others, strict=True):
            if (companion.opacity < 1.0) is glass:
                body.set_pose(at)
                towards = look.eye - (at.joints[0] + companion.moved)
                behind = towards * (_BEHIND_M / np.linalg.norm(towards) if glass else 0.0)
                body.draw(look, color=companion.color, shift=companion.moved - behind, opacity=companion.opacity)

    def _draw_devices(self, gl: _Gl, look: Look) -> None:
        poses = self.sensor_poses()
        if len(poses):
            gl.devices.draw(look, poses, self.selected, self.theme.accent, self.sensor_tints)

    def _look(self, camera: OrbitCamera, width: int, height: int) -> Look:
        right, up, back = camera.rotation()
        key = 0.55 * up + 0.6 * back - 0.45 * right + np.array([0.0, 0.45, 0.0])
        return Look(
            camera.view(), camera.projection(width, height), camera.eye(), key / np.linalg.norm(key), self.theme.stage
        )

    def _objects(self) -> _Gl:
        axes = (self.theme.axis_x, self.theme.axis_y, self.theme.axis_z)
        if self._gl is None:
            self._gl = _Gl(GroundVisual(), DeviceVisual(axes), SkeletonVisual(), Smoother(), self.theme.name)
        gl = self._gl
        if gl.theme != self.theme.name:
            gl.devices, gl.theme = DeviceVisual(axes), self.theme.name
        scenes = [] if self.scene is None else [self.scene, *(c.scene for c in self.companions)]
        del gl.bodies[len(scenes) :]
        for i, scene in enumerate(scenes):
            fresh = i == len(gl.bodies)
            if not fresh and gl.bodies[i].wears(scene.skin):
                gl.bodies[i].set_skin(scene.skin)
                continue
            body = BodyVisual(scene.skin, len(scene.track.model.parents))
            gl.bodies[i : i + 1] = [body]
            gl.tint = None if i == 0 else gl.tint
        if gl.tint is not self.tint and gl.bodies:
            gl.bodies[0].set_tint(self.tint)
            gl.tint = self.tint
        return gl
