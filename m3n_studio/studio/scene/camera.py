"""`OrbitCamera`: a turntable round a point, as numbers; no Qt, no GL.

World y-up, metres. Azimuth turns about the vertical (0 looks at the body's front, from +z),
elevation lifts. Matrices are for column vectors; the shader wants their transpose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_MIN_DISTANCE, _MAX_DISTANCE = 0.25, 40.0
_MIN_ELEVATION, _MAX_ELEVATION = -4.0, 89.0
_LOWEST_EYE_M = 0.03
_NARROW = 0.58  # pictures narrower than this (width over height) show more height, so the body's breadth still fits


@dataclass(frozen=True)
class OrbitCamera:
    """Where the viewer stands.

    target : (x, y, z), m, what is looked at; azimuth_deg, elevation_deg; distance_m; fov_deg
    is the vertical view angle.
    """

    target: tuple[float, float, float] = (0.0, 0.86, 0.0)
    azimuth_deg: float = 26.0
    elevation_deg: float = 10.0
    distance_m: float = 3.8
    fov_deg: float = 32.0

    def orbit(self, d_azimuth_deg: float, d_elevation_deg: float) -> OrbitCamera:
        """Turn round the target; elevation stays between just below level and overhead."""
        elevation = min(max(self.elevation_deg + d_elevation_deg, _MIN_ELEVATION), _MAX_ELEVATION)
        return replace(self, azimuth_deg=(self.azimuth_deg + d_azimuth_deg) % 360.0, elevation_deg=elevation)

    def zoom(self, factor: float) -> OrbitCamera:
        """Come closer (factor < 1) or go away, between 25 cm and 40 m."""
        return replace(self, distance_m=min(max(self.distance_m * factor, _MIN_DISTANCE), _MAX_DISTANCE))

    def pan(self, right_m: float, up_m: float) -> OrbitCamera:
        """Shift the target in the picture plane; it never sinks below the ground."""
        R = self.rotation()
        x, y, z = np.asarray(self.target) + R[0] * right_m + R[1] * up_m
        return replace(self, target=(float(x), max(float(y), 0.0), float(z)))

    def look_at(self, target: Array) -> OrbitCamera:
        """The same view of another point."""
        return replace(self, target=(float(target[0]), float(target[1]), float(target[2])))

    def looking(self, azimuth_deg: float, elevation_deg: float) -> OrbitCamera:
        """The same target and distance from another side."""
        return replace(self, azimuth_deg=azimuth_deg % 360.0, elevation_deg=elevation_deg)

    def rotation(self) -> Array:
        """World to camera rotation (3, 3): rows are right, up, backward."""
        a, e = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        sa, ca, se, ce = math.sin(a), math.cos(a), math.sin(e), math.cos(e)
        return np.array([[ca, 0.0, -sa], [-sa * se, ce, -ca * se], [sa * ce, se, ca * ce]])

    def eye(self) -> Array:
        """Position of the eye (3,), m; never under the ground."""
        eye = np.asarray(self.target) + self.rotation()[2] * self.distance_m
        eye[1] = max(eye[1], _LOWEST_EYE_M)
        return eye

    def view(self) -> Array:
        """World to camera (4, 4)."""
        out = np.eye(4)
        out[:3, :3] = self.rotation()
        out[:3, 3] = -out[:3, :3] @ self.eye()
        return out

    def projection(self, width: int, height: int) -> Array:
        """Camera to clip space (4, 4) for a picture of that many pixels."""
        aspect = width / max(height, 1)
        near, far = self.distance_m / 25, self.distance_m + 25.0
        ty = np.tan(np.radians(self.fov_deg) / 2) * max(1.0, _NARROW / aspect)
        tx = ty * aspect
        out = np.zeros((4, 4))
        out[0, 0], out[1, 1] = 1 / tx, 1 / ty
        out[2, 2] = (far + near) / (near - far)
        out[2, 3] = 2 * far * near / (near - far)
        out[3, 2] = -1.0
        return out

    def metres_per_pixel(self, width: int, height: int) -> float:
        """Size of one pixel at the target, m."""
        widening = max(1.0, _NARROW * height / max(width, 1))
        return float(2 * self.distance_m * np.tan(np.radians(self.fov_deg) / 2) * widening / max(height, 1))
