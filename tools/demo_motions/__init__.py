"""Writes the demo motions: our own choreography, put on a body by inverse kinematics.

``tracks`` and ``rig`` know nothing of any motion; ``hands``, ``performance`` and ``gait`` make a
body act; every other module is one family of motions. All is deterministic: same body, same clips.
"""
