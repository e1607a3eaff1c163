"""The second step of the alignment: how the real sensor is turned against the simulated one."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QHBoxLayout

from m3n_studio import so3
from m3n_studio.studio.fidelity.fidelity_work import FidelityWork
from m3n_studio.studio.fidelity.mount_gizmo import MountGizmo
from m3n_studio.studio.fidelity.step_card import FITTING, StepCard, number_box
from m3n_studio.studio.look.theme import Theme
from m3n_studio.studio.look.widgets import label, push_button


class MountCard(StepCard):
    """The rotation: axes to turn, angles, quarter turns."""

    def __init__(self, theme: Theme, work: FidelityWork) -> None:
        super().__init__(theme, "mount", "2  Mount", work)
        self.gizmo = MountGizmo(theme)
        self.angles: list[QDoubleSpinBox] = []
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        self.quarter, self.flip = [], []
        for i, axis in enumerate("xyz"):
            spin = number_box(-180.0, 180.0, 1, 1.0, "°", f"Turn about {axis} of the simulated sensor, degrees")
            spin.setWrapping(True)
            spin.setAccessibleName(f"Mount angle about {axis}")
            quarter = push_button("+90°", tip=f"A quarter turn about {axis}")
            flip = push_button("Flip", tip=f"Half a turn about {axis}")
            quarter.setAccessibleName(f"Quarter turn about {axis}")
            flip.setAccessibleName(f"Half a turn about {axis}")
            for column, widget in enumerate((label(axis, style="heading"), spin, quarter, flip)):
                grid.addWidget(widget, i, column)
            spin.valueChanged.connect(self._on_angle)
            spin.editingFinished.connect(work.seal)
            quarter.clicked.connect(self._on_quarter)
            flip.clicked.connect(self._on_flip)
            self.angles.append(spin)
            self.quarter.append(quarter)
            self.flip.append(flip)
        self.snap = push_button("Snap to axes", tip="The nearest mount that takes axes onto axes")
        grid.addWidget(self.snap, 3, 1, 1, 3)
        grid.setRowStretch(4, 1)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.gizmo)
        row.addLayout(grid)
        row.addStretch(1)
        self.room.addLayout(row)
        self.add_buttons()
        self.snap.clicked.connect(self._on_snap)
        self.gizmo.turned.connect(self._on_turned)
        self.gizmo.released.connect(work.seal)

    def show_pair(self) -> None:
        """The alignment as it is now."""
        from m3n_studio.imu.align_hand import mount_angles_deg

        alignment = self.work.alignment
        where = self.show_fit(alignment)
        fit = None if alignment is None else alignment.mount
        R = np.eye(3) if fit is None else fit.R
        self.gizmo.set_mount(R)
        for spin, value in zip(self.angles, mount_angles_deg(R), strict=True):
            with QSignalBlocker(spin):
                spin.setValue(value)
        for widget in (self.gizmo, *self.angles, *self.quarter, *self.flip, self.snap):
            widget.setEnabled(alignment is not None)
        if fit is None:
            nothing = "The recording's axes are taken as the simulated sensor's."
            self.text.setText(FITTING if alignment is None else nothing)
            return
        turn = so3.rotvec_from_matrix(R)
        angle = float(np.linalg.norm(turn))
        about = "" if angle < 1e-3 else " about ({:+.2f}, {:+.2f}, {:+.2f})".format(*(turn / angle))
        left = "" if where == "by hand" else (
            f"; {fit.residual_deg:.1f}° left, worst axis known to ± {fit.worst_axis_deg:.1f}°")  # fmt: skip
        self.text.setText(f"The real sensor is turned by {np.rad2deg(angle):.1f}°{about}{left}.")

    def _turn(self, axis: int, degrees: float) -> None:
        from m3n_studio.imu.align_hand import turned

        if self.work.alignment is not None:
            self.work.set_alignment(turned(self.work.alignment, axis, degrees), "mount")

    @Slot()
    def _on_quarter(self) -> None:
        self._turn([b is self.sender() for b in self.quarter].index(True), 90.0)

    @Slot()
    def _on_flip(self) -> None:
        self._turn([b is self.sender() for b in self.flip].index(True), 180.0)

    @Slot()
    def _on_snap(self) -> None:
        from m3n_studio.imu.align_hand import squared

        if self.work.alignment is not None:
            self.work.set_alignment(squared(self.work.alignment), "mount")

    @Slot()
    def _on_angle(self) -> None:
        from m3n_studio.imu.align_hand import mount_from_angles

        self._on_turned(mount_from_angles([spin.value() for spin in self.angles]))

    @Slot(object)
    def _on_turned(self, R: np.ndarray) -> None:
        from m3n_studio.imu.align_hand import with_turn

        if self.work.alignment is not None:
            self.work.set_alignment(with_turn(self.work.alignment, R), "mount", merge="mount")
