"""An animated body as glTF 2.0 (.glb): mesh, skin, joints and their motion, for Blender and browsers.

Joints are nodes at their rest places without rotation, so an inverse bind matrix is a plain
translation, a joint's animation its local rotation, and the root alone translates: the same
linear blend skinning as ours, exactly. Corrective (pose blend) shapes have no counterpart in a
skin and are left out. World y-up and metres are glTF's own. Qt-free.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from m3n_studio import so3
from m3n_studio.atomic import atomic
from m3n_studio.body.model import BodyModel
from m3n_studio.body.shape import Shape, shape_space
from m3n_studio.errors import FileError
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.root import root_track
from m3n_studio.studio.scene.bones import influences, vertex_normals

_FLOAT, _UBYTE, _USHORT, _UINT = 5126, 5121, 5123, 5125
_TYPES: dict[int, type] = {_FLOAT: np.float32, _UBYTE: np.uint8, _USHORT: np.uint16, _UINT: np.uint32}
_WIDTH = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_VERTEX_BUFFER, _INDEX_BUFFER = 34962, 34963
_MAGIC, _JSON, _BIN = b"glTF", b"JSON", b"BIN\x00"


@dataclass
class _Binary:
    """The buffer as it grows, with its views and accessors."""

    data: bytearray = field(default_factory=bytearray)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, array: NDArray, kind: str, *, target: int = 0, bounds: bool = False) -> int:
        """Append an array (N, width) and return its accessor."""
        component = {np.dtype(t): code for code, t in _TYPES.items()}[array.dtype]
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data), "byteLength": array.nbytes}
        if target:
            view["target"] = target
        self.data += np.ascontiguousarray(array).tobytes()
        self.data += b"\x00" * (-len(self.data) % 4)
        accessor: dict[str, Any] = {
            "bufferView": len(self.views), "componentType": component, "count": len(array), "type": kind,
        }  # fmt: skip
        if bounds:
            flat = array.reshape(len(array), -1)
            accessor["min"], accessor["max"] = flat.min(axis=0).tolist(), flat.max(axis=0).tolist()
        self.views.append(view)
        self.accessors.append(accessor)
        return len(self.accessors) - 1


@dataclass(frozen=True, eq=False)
class Walker:
    """A body in motion, moved aside by `shift` (3,), m."""

    model: BodyModel
    clip: Clip
    shape: Shape | None = None
    shift: tuple[float, ...] = (0.0, 0.0, 0.0)
    name: str = "body"


def write_glb(
    path: str | Path,
    model: BodyModel,
    clip: Clip,
    shape: Shape | None = None,
    *,
    others: Sequence[Walker] = (),
    progress: Callable[[float, float], None] | None = None,
) -> Path:
    """Write a moving body, and others that move with it, and return the path.

    Parameters
    ----------
    shape : Shape, optional
        Another body than the clip's walks the same way; None: the clip's.
    others : sequence of Walker
    progress : callable
        Called with (joints done, joints); may raise to stop.
    """
    path = Path(path)
    binary = _Binary()
    document = _document((Walker(model, clip, shape), *others), binary, progress)
    document["accessors"], document["bufferViews"] = binary.accessors, binary.views
    document["buffers"] = [{"byteLength": len(binary.data)}]
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary.data)
    with atomic(path) as temporary:
        temporary.write_bytes(
            struct.pack("<4sII", _MAGIC, 2, total)
            + struct.pack("<I4s", len(text), _JSON) + text
            + struct.pack("<I4s", len(binary.data), _BIN) + bytes(binary.data)
        )  # fmt: skip
    return path


def _document(
    walkers: Sequence[Walker], binary: _Binary, progress: Callable[[float, float], None] | None
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "m3n Studio"},
        "scene": 0, "scenes": [{"nodes": []}], "nodes": [], "skins": [], "meshes": [],
        "materials": [{"name": "skin", "pbrMetallicRoughness": {
            "baseColorFactor": [0.62, 0.63, 0.65, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.75}}],
        "animations": [{"name": "motion", "samplers": [], "channels": []}],
    }  # fmt: skip
    for i, walker in enumerate(walkers):

        def part(done: float, total: float, at: int = i) -> None:
            if progress is not None:
                progress(at * total + done, len(walkers) * total)

        _add(made, walker, binary, part)
    return made


def _add(made: dict[str, Any], walker: Walker, binary: _Binary, progress: Callable[[float, float], None]) -> None:
    """One more body: its nodes, skin, mesh and motion."""
    model, clip = walker.model, walker.clip
    body = clip.shape if walker.shape is None else walker.shape
    joints, first = shape_space(model).joints(body), len(made["nodes"])
    nodes = _nodes(model, joints, first)
    root = int(np.flatnonzero(model.parents < 0)[0])
    bind = np.tile(np.eye(4, dtype=np.float32), (len(nodes), 1, 1))
    bind[:, 3, :3] = -joints  # column-major: the last row as written
    made["skins"].append({
        "inverseBindMatrices": binary.add(bind.reshape(-1, 16), "MAT4"),
        "joints": list(range(first, first + len(nodes))), "skeleton": first + root,
    })  # fmt: skip
    which = len(made["meshes"])
    made["meshes"].append({"name": "skin", "primitives": [_primitive(model, body, binary)]})
    made["scenes"][0]["nodes"] += [first + root, first + len(nodes)]
    made["nodes"] += [*nodes, {"name": walker.name, "mesh": which, "skin": which}]
    path = joints[root] + root_track(model, clip, walker.shape) + np.array(walker.shift)
    _animate(made["animations"][0], walker, path, (first, root), binary, progress)


def _nodes(model: BodyModel, joints: NDArray, first: int) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    for j, (name, parent) in enumerate(zip(model.joint_names, model.parents, strict=True)):
        above = joints[parent] if parent >= 0 else np.zeros(3)
        node: dict[str, Any] = {"name": name, "translation": (joints[j] - above).tolist()}
        children = (first + np.flatnonzero(model.parents == j)).tolist()
        if children:
            node["children"] = children
        nodes.append(node)
    return nodes


def _primitive(model: BodyModel, body: Shape, binary: _Binary) -> dict[str, Any]:
    vertices = shape_space(model).vertices(body).astype(np.float32)
    normals = vertex_normals(vertices, model.faces)
    normals[np.linalg.norm(normals, axis=1) < 0.5] = (0.0, 1.0, 0.0)  # vertices of no face; glTF wants unit length
    bones, weights = influences(model.weights)
    attributes = {
        "POSITION": binary.add(vertices, "VEC3", target=_VERTEX_BUFFER, bounds=True),
        "NORMAL": binary.add(normals, "VEC3", target=_VERTEX_BUFFER),
    }
    used = np.where(weights > 0, bones, 0).astype(np.uint8)
    for i in range(0, bones.shape[1], 4):
        attributes[f"JOINTS_{i // 4}"] = binary.add(
            np.ascontiguousarray(used[:, i : i + 4]), "VEC4", target=_VERTEX_BUFFER
        )
        attributes[f"WEIGHTS_{i // 4}"] = binary.add(
            np.ascontiguousarray(weights[:, i : i + 4]), "VEC4", target=_VERTEX_BUFFER
        )
    faces = model.faces.astype(np.uint32).reshape(-1, 1)
    return {"attributes": attributes, "indices": binary.add(faces, "SCALAR", target=_INDEX_BUFFER), "material": 0}


def _animate(
    animation: dict[str, Any], walker: Walker, root_path: NDArray, at: tuple[int, int], binary: _Binary,
    progress: Callable[[float, float], None],
) -> None:  # fmt: skip
    """Rotations of every joint that moves, and the root's path; `at`: its first node, and its root from there."""
    model, clip, (first, root) = walker.model, walker.clip, at
    times = binary.add(clip.time_s.astype(np.float32).reshape(-1, 1), "SCALAR", bounds=True)
    samplers, channels = animation["samplers"], animation["channels"]

    def add(node: int, what: str, values: NDArray, kind: str) -> None:
        samplers.append({"input": times, "output": binary.add(values, kind), "interpolation": "LINEAR"})
        channels.append({"sampler": len(samplers) - 1, "target": {"node": first + node, "path": what}})

    add(root, "translation", root_path.astype(np.float32), "VEC3")
    for j, source in enumerate(model.clip_joints):
        progress(j, len(model.clip_joints))
        if source >= clip.poses.shape[1] or not clip.poses[:, source].any():
            continue
        wxyz = so3.continuous_quats(so3.quat_from_matrix(so3.matrix_from_rotvec(clip.poses[:, source]))[:, None])[:, 0]
        add(j, "rotation", np.ascontiguousarray(wxyz[:, [1, 2, 3, 0]], dtype=np.float32), "VEC4")


@dataclass(frozen=True, eq=False)
class Glb:
    """A .glb file as read back: its JSON and arrays. For checking what was written."""

    document: dict[str, Any]
    binary: bytes

    def array(self, accessor: int) -> NDArray:
        """The values (N, width) of an accessor."""
        spec = self.document["accessors"][accessor]
        view = self.document["bufferViews"][spec["bufferView"]]
        width = _WIDTH[spec["type"]]
        flat: NDArray = np.frombuffer(
            self.binary, _TYPES[spec["componentType"]], count=spec["count"] * width, offset=view["byteOffset"]
        )
        return flat.reshape(-1, width)

    def vertices(self, frame: int, body: int = 0) -> NDArray:
        """Vertices (V, 3), m, of a body at a frame, as any glTF viewer skins them."""
        d = self.document
        skin, attributes = d["skins"][body], d["meshes"][body]["primitives"][0]["attributes"]
        bind = self.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        matrices = self._world(frame)[skin["joints"]] @ bind
        rest = self.array(attributes["POSITION"])
        out = np.zeros((len(rest), 3))
        homogeneous = np.column_stack([rest, np.ones(len(rest))])
        for i in range(2):
            if f"JOINTS_{i}" not in attributes:
                continue
            bones, weights = self.array(attributes[f"JOINTS_{i}"]), self.array(attributes[f"WEIGHTS_{i}"])
            for k in range(4):
                moved = (matrices[bones[:, k]] @ homogeneous[..., None])[:, :3, 0]
                out += weights[:, k : k + 1] * moved
        return out

    def _world(self, frame: int) -> NDArray:
        nodes = self.document["nodes"]
        local = np.tile(np.eye(4), (len(nodes), 1, 1))
        for i, node in enumerate(nodes):
            local[i, :3, 3] = node.get("translation", (0.0, 0.0, 0.0))
        animation = self.document["animations"][0]
        for channel in animation["channels"]:
            node, what = channel["target"]["node"], channel["target"]["path"]
            track = self.array(animation["samplers"][channel["sampler"]]["output"])
            value = track[min(frame, len(track) - 1)].astype(np.float64)
            if what == "translation":
                local[node, :3, 3] = value
            else:
                local[node, :3, :3] = so3.matrix_from_quat(value[[3, 0, 1, 2]][None])[0]
        parent = {c: i for i, node in enumerate(nodes) for c in node.get("children", ())}

        def world(i: int) -> NDArray:
            return world(parent[i]) @ local[i] if i in parent else local[i]

        return np.array([world(i) for i in range(len(nodes))])


def read_glb(path: str | Path) -> Glb:
    """Read back a file of ours; `FileError` where it is not whole."""
    data = Path(path).read_bytes()
    if len(data) < 20 or data[:4] != _MAGIC or struct.unpack_from("<II", data, 4) != (2, len(data)):
        raise FileError(Path(path), found="not a whole glTF 2.0 file", expected="a .glb written by m3n Studio")
    (length,) = struct.unpack_from("<I", data, 12)
    return Glb(json.loads(data[20 : 20 + length]), data[28 + length :])
