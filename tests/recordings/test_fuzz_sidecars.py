"""Damaged files beside a recording (labels, channels, subjects, mappings) are read or refused with one FileError."""

import numpy as np
import pytest

from m3n_studio.errors import FileError
from m3n_studio.recordings.formats import read_import
from tests.damage import mutate
from tests.recordings import samples

MAPPING = b"""<?xml version="1.0"?><OpenSimDocument><ExperimentalSensor name="_00B4"><name_in_model>tibia_r_imu
</name_in_model></ExperimentalSensor></OpenSimDocument>"""
SUBJECTS = b"subject_id,age,gender,height,weight,dominant_hand\ns01,54,M,190,83,R\ns02,31,M,171,71,L\n"


def openpack(root):
    return samples.openpack_user(root), root / "U0102/annotation/openpack-operations/S0100.csv"


def mmfit_labels(root):
    samples.mmfit(root / "w03_sw_l_acc.npy")
    return root / "w03_sw_l_acc.npy", root / "w03_labels.csv"


def mmfit_gyr(root):
    samples.mmfit(root / "w03_sw_l_acc.npy")
    return root / "w03_sw_l_acc.npy", root / "w03_sw_l_gyr.npy"


def bids(end):
    def make(root):
        path = root / "sub-01_task-walk_tracksys-imu_motion.tsv"
        samples.bids_motion(path)
        return path, path.with_name(path.name.replace("_motion.tsv", end))

    return make


def watch(root):
    (root / "subjects_info.csv").write_bytes(SUBJECTS)
    samples.watch(root / "s01_01_sw.csv")
    return root / "s01_01_sw.csv", root / "subjects_info.csv"


def xsens(root):
    (root / "myIMUMappings.xml").write_bytes(MAPPING)
    samples.xsens(root / "trial_00B4.txt")
    return root / "trial_00B4.txt", root / "myIMUMappings.xml"


CASES = {
    "openpack labels": openpack, "mmfit labels": mmfit_labels, "mmfit gyroscope": mmfit_gyr,
    "bids channels": bids("_channels.tsv"), "bids json": bids("_motion.json"), "bids events": bids("_events.tsv"),
    "subjects": watch, "mapping": xsens,
}  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", CASES)
def test_a_damaged_file_beside_is_read_or_refused(tmp_path, name):
    recording, beside = CASES[name](tmp_path)
    assert beside in read_import(recording).paths
    data = beside.read_bytes()
    rng = np.random.default_rng(sum(name.encode()))
    messages = []
    for _ in range(300):
        beside.write_bytes(mutate(data, rng))
        try:
            read_import(recording)
        except FileError as error:
            messages.append(str(error))
    assert messages
    assert all("\n" not in message and len(message) < 2000 for message in messages)


def test_a_mapping_that_expands_without_end_is_refused(tmp_path):
    recording, beside = xsens(tmp_path)
    beside.write_text('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>')
    with pytest.raises(FileError, match="no readable XML"):
        read_import(recording)
