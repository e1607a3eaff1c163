"""Motion files of every parametric format, written from one clip by the tests: what the formats' own programs write."""

import io
import pickle
import sys
import types
from pathlib import Path

import numpy as np

from m3n_studio import so3
from m3n_studio.body.files import default_body
from m3n_studio.body.forward import joints_over_time
from m3n_studio.motion.clip import Clip
from m3n_studio.motion.ground import ground
from m3n_studio.motion.native import save_clip
from m3n_studio.motion.upright import turn_clip

Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # y-up to z-up
CAMERA = np.diag([1.0, -1, -1])  # y-up to y-down, z forward


def walking(frames: int = 40, rate_hz: float = 30.0, *, hands: bool = True) -> Clip:
    """A person walking in a slow curve with bent knees and elbows, feet on the floor."""
    t = np.arange(frames) / rate_hz
    poses = np.zeros((frames, 52, 3))
    poses[:, 0, 1] = 0.4 * t
    swing = 0.5 * np.sin(2 * np.pi * 0.9 * t)
    for side, joint_sign in ((1, 1.0), (2, -1.0)):
        poses[:, side, 0] = -joint_sign * swing - 0.2
        poses[:, side + 3, 0] = 0.35 + 0.3 * np.cos(2 * np.pi * 0.9 * t + joint_sign)
        poses[:, side + 15, 2] = -joint_sign * 1.2
        poses[:, side + 17, 1] = -joint_sign * (0.7 + 0.3 * swing)
    poses[:, 3, 1] = 0.1 * swing
    if hands:
        poses[:, 22:, 2] = np.linspace(-0.5, 0.5, 30) * (1 + 0.2 * np.sin(3 * t))[:, None]
    trans = np.column_stack([0.5 * t, 0.02 * np.cos(4 * t), 1.1 * t])
    return ground(Clip(rate_hz, poses, trans), default_body())


def turned(clip: Clip, R: np.ndarray) -> Clip:
    return turn_clip(clip, R, default_body())


def thetas(clip: Clip) -> np.ndarray:
    """SMPL's 72 numbers per frame: hands as two joints at rest."""
    return np.concatenate([clip.poses[:, :22].reshape(len(clip), 66), np.zeros((len(clip), 6))], axis=1)


def smplx_pose(clip: Clip) -> np.ndarray:
    """SMPL-X' 165 numbers per frame; jaw and eyes open a little."""
    face = np.full((len(clip), 3, 3), 0.1)
    return np.concatenate([clip.poses[:, :22], face, clip.poses[:, 22:]], axis=1).reshape(len(clip), 165)


def object_array(value: object) -> np.ndarray:
    out = np.empty((), dtype=object)
    out[()] = value
    return out


def amass(path: Path, clip: Clip) -> Path:
    z = turned(clip, Z_UP)
    np.savez(path, poses=z.poses.reshape(len(z), 156), trans=z.trans, betas=np.linspace(-1, 1, 16),
             gender=np.array(b"female"), mocap_framerate=np.array(z.rate_hz), dmpls=np.zeros((len(z), 8)))  # fmt: skip
    return path


def amass_x(path: Path, clip: Clip) -> Path:
    z = turned(clip, Z_UP)
    np.savez(path, poses=smplx_pose(z), trans=z.trans, betas=np.zeros(16), gender=np.array("neutral"),
             surface_model_type=np.array("smplx"), mocap_frame_rate=np.array(z.rate_hz),
             markers_latent_vids=object_array({"ARIEL": 3}))  # fmt: skip
    return path


def grab(path: Path, clip: Clip) -> Path:
    z = turned(clip, Z_UP)
    params = {
        "transl": z.trans.astype(np.float32), "global_orient": z.poses[:, 0].astype(np.float32),
        "body_pose": z.poses[:, 1:22].reshape(-1, 63), "left_hand_pose": np.zeros((len(z), 24)),
        "right_hand_pose": np.zeros((len(z), 24)), "fullpose": smplx_pose(z).astype(np.float32),
    }  # fmt: skip
    np.savez(path, gender=np.array("male"), body=object_array({"params": params, "vtemp": "a.ply"}),
             motion_intent=np.array("drink"), obj_name=np.array("mug"), framerate=np.array(z.rate_hz),
             n_comps=np.array(24))  # fmt: skip
    return path


def smplx_parts(path: Path, clip: Clip) -> Path:
    np.savez(path, global_orient=clip.poses[:, 0], body_pose=clip.poses[:, 1:22].reshape(-1, 63),
             left_hand_pose=clip.poses[:, 22:37].reshape(-1, 45), right_hand_pose=clip.poses[:, 37:].reshape(-1, 45),
             transl=clip.trans, betas=np.zeros((len(clip), 10)), fps=np.array(clip.rate_hz))  # fmt: skip
    return path


def romp_image(path: Path, clip: Clip) -> Path:
    c = turned(clip, CAMERA)
    np.savez(path, results=object_array({"smpl_thetas": thetas(c)[:2].astype(np.float32), "cam_trans": c.trans[:2],
                                         "smpl_betas": np.zeros((2, 10)), "track_ids": np.array([4, 7])}))  # fmt: skip
    return path


def romp_video(path: Path, clip: Clip, missing: tuple[int, ...] = ()) -> Path:
    c = turned(clip, CAMERA)
    frames = {}
    for i in range(len(c)):
        rows = slice(i, i + 1)
        both = 5 <= i < 15  # a passer-by
        frames[f"{i:08d}.jpg"] = {
            "smpl_thetas": np.repeat(thetas(c)[rows], 1 + both, axis=0), "smpl_betas": np.zeros((1 + both, 10)),
            "cam_trans": np.repeat(c.trans[rows], 1 + both, axis=0), "track_ids": np.array([9, 2][: 1 + both]),
        }  # fmt: skip
    for i in missing:
        del frames[f"{i:08d}.jpg"]
    np.savez(path, results=object_array(frames))
    return path


def glamr(path: Path, clip: Clip) -> Path:
    z = turned(clip, Z_UP)
    person = {
        "smpl_orient_world": z.poses[:, 0].astype(np.float32), "smpl_pose": thetas(z)[:, 3:].astype(np.float32),
        "root_trans_world": z.trans.astype(np.float32), "smpl_beta": np.zeros((len(z), 10)),
        "frames": np.arange(len(z)), "vis_frames": np.arange(len(z)) != 3, "exist_frames": np.ones(len(z), bool),
    }  # fmt: skip
    path.write_bytes(pickle.dumps({"person_data": {0: person}, "seq_len": len(z), "meta": {"algo": "global_recon"}}))
    return path


def wham_data(clip: Clip) -> dict:
    c = turned(clip, CAMERA)

    def person(count: int, first: int) -> dict:
        return {"pose": thetas(c)[:count], "trans": c.trans[:count], "trans_world": clip.trans[:count],
                "pose_world": thetas(clip)[:count].astype(np.float32), "betas": np.zeros((count, 10)),
                "frame_ids": np.arange(count) + first}  # fmt: skip

    return {0: person(len(c), 12), 1: person(5, 0)}


def wham(path: Path, clip: Clip) -> Path:
    path.write_bytes(joblib_like(wham_data(clip)))
    return path


def phalp(path: Path, clip: Clip) -> Path:
    c = turned(clip, CAMERA)
    matrices = so3.matrix_from_rotvec(thetas(c).reshape(len(c), 24, 3))
    frames = {}
    for i in range(len(c)):
        smpl = {
            "global_orient": matrices[i, 0] if i % 2 else matrices[i, :1],
            "body_pose": matrices[i, 1:],
            "betas": np.zeros(10),
        }
        frames[f"demo/img/{i + 1:06d}.jpg"] = {
            "time": i, "tid": [3], "tracked_time": [2 if i == 6 else 0], "smpl": [smpl], "camera": [c.trans[i]],
        }  # fmt: skip
    path.write_bytes(pickle.dumps(frames))
    return path


def vibe(path: Path, clip: Clip) -> Path:
    c = turned(clip, CAMERA)
    path.write_bytes(pickle.dumps({1: {"pose": thetas(c), "betas": np.zeros((len(c), 10)), "pred_cam": c.trans,
                                       "frame_ids": np.arange(len(c))}}))  # fmt: skip
    return path


def aist(path: Path, clip: Clip) -> Path:
    path.write_bytes(pickle.dumps({"smpl_poses": thetas(clip), "smpl_scaling": np.array([93.7]),
                                   "smpl_trans": 93.7 * clip.trans, "smpl_loss": 0.1}, protocol=2))  # fmt: skip
    return path


def smpl_npz(path: Path, clip: Clip) -> Path:
    np.savez(path, poses=thetas(clip).astype(np.float32), trans=clip.trans.astype(np.float32))
    return path


def positions_of(clip: Clip) -> np.ndarray:
    return joints_over_time(default_body(), clip.poses, clip.trans, clip.shape)[1][:, :22]


def positions(path: Path, clip: Clip) -> Path:
    np.save(path, positions_of(clip).astype(np.float32))
    return path


def mdm(path: Path, clip: Clip) -> Path:
    motion = np.stack([np.moveaxis(positions_of(clip), 0, 2)] * 2)
    np.save(path, object_array({"motion": motion, "text": ["a person walks", "again"], "num_samples": 2,
                                "lengths": np.array([len(clip) - 4] * 2), "num_repetitions": 1}))  # fmt: skip
    return path


#: name: (suffix, writer, whether hands survive).
FORMATS = {
    "m3n-clip": (".npz", save_clip, True), "amass": (".npz", amass, True), "amass_x": (".npz", amass_x, True),
    "grab": (".npz", grab, True), "smplx_parts": (".npz", smplx_parts, True), "romp_image": (".npz", romp_image, False),
    "romp_video": (".npz", romp_video, False), "smpl_npz": (".npz", smpl_npz, False), "glamr": (".pkl", glamr, False),
    "wham": (".pkl", wham, False), "phalp": (".pkl", phalp, False), "vibe": (".pkl", vibe, False),
    "aist": (".pkl", aist, False), "positions": (".npy", positions, False), "mdm": (".npy", mdm, False),
}  # fmt: skip


def write(folder: Path, name: str, clip: Clip) -> Path:
    """The clip as a file of one of :data:`FORMATS`."""
    suffix, writer, _ = FORMATS[name]
    path = folder / f"{name}{suffix}"
    writer(path, clip)
    return path


class NumpyArrayWrapper:
    """What joblib pickles in place of an array, whose bytes follow."""

    def __init__(self, array: np.ndarray) -> None:
        self.subclass, self.shape, self.order = np.ndarray, array.shape, "C"
        self.dtype, self.allow_mmap, self.numpy_array_alignment_bytes = array.dtype, True, 16


def joblib_like(data: object) -> bytes:
    """`data` as ``joblib.dump`` writes it (checked against joblib 1.6): raw arrays amid the pickle."""
    out = io.BytesIO()

    class Pickler(pickle._Pickler):
        def save(self, value, *args, **kwargs):
            if type(value) is not np.ndarray:
                return super().save(value, *args, **kwargs)
            super().save(NumpyArrayWrapper(value))
            self.framer.commit_frame(force=True)
            pad = 16 - (out.tell() + 1) % 16
            out.write(bytes([pad]) + b"\xff" * pad + np.ascontiguousarray(value).tobytes())
            return None

    names = ("joblib", "joblib.numpy_pickle")
    kept = {name: sys.modules.get(name) for name in names}
    module = types.ModuleType("joblib.numpy_pickle")
    module.NumpyArrayWrapper = NumpyArrayWrapper
    NumpyArrayWrapper.__module__, NumpyArrayWrapper.__qualname__ = "joblib.numpy_pickle", "NumpyArrayWrapper"
    sys.modules.update({"joblib": types.ModuleType("joblib"), "joblib.numpy_pickle": module})
    try:
        Pickler(out, protocol=4).dump(data)
    finally:
        for name, old in kept.items():
            if old is None:
                del sys.modules[name]
            else:
                sys.modules[name] = old
    return out.getvalue()
