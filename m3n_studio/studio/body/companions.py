"""The bodies beside and over the first: where they stand and in what colour. Plain values, drawn by the stage."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor

from m3n_studio.body.shape import Shape
from m3n_studio.studio.core.document import OtherMotion
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.scene.stage import Companion, Scene

GHOST_MODES = ("over", "beside", "off")
_ASIDE_M = 0.95
_OPACITY = 0.38
#: Which colours of the theme's segments lend their hue to the other motions.
_HUES = (1, 2, 3)
_PLACES_M = (_ASIDE_M, -_ASIDE_M, 2 * _ASIDE_M, -2 * _ASIDE_M)


def motion_color(theme: Theme, index: int) -> str:
    """The colour of another motion's body, ``#rrggbb``: as light as the first body, in another hue."""
    hue = QColor(theme.segments[_HUES[index % len(_HUES)]]).hslHueF()
    return QColor.fromHslF(hue, 0.42, QColor(theme.stage.body).lightnessF() * 0.92).name()


def ghost_of(scene: Scene, shape: Shape, mode: str, theme: Theme, before: Sequence[Companion]) -> Companion:
    """The kept body in the same motion; its scene is taken from `before` where that has it."""
    known = (c.scene for c in before if c.scene.track.shape is shape and c.scene.track.clip is scene.track.clip)
    ghost = next(known, None) or Scene.of(scene.track.model, scene.track.clip, shape=shape)
    if mode == "beside":
        return Companion(ghost, (-_ASIDE_M, 0.0, 0.0), 1.0, theme.stage.body)
    return Companion(ghost, (0.0, 0.0, 0.0), _OPACITY, theme.accent)


def others_of(
    scene: Scene, others: Sequence[tuple[Scene, OtherMotion]], theme: Theme, *, taken: bool
) -> tuple[Companion, ...]:
    """The other motions, beginning where the first begins; `taken`: the place on the near side is the kept body's."""
    free = [x for x in _PLACES_M if not (taken and x == -_ASIDE_M)]
    first = scene.track.at(0).joints[0]
    made = []
    for i, (other, motion) in enumerate(others):
        dx, _, dz = (float(v) for v in first - other.track.at(0).joints[0])
        beside = motion.where == "beside"
        shift = (free.pop(0) if beside else 0.0, 0.0, 0.0)
        opacity = 1.0 if beside else _OPACITY + 0.17
        made.append(Companion(other, shift, opacity, motion_color(theme, i), (dx, 0.0, dz)))
    return tuple(made)
