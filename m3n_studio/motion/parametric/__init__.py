"""Files of SMPL-family parameters (AMASS, GRAB, pose estimators) and of joint positions."""
