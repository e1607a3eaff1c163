"""The networks: encoders of IMU, pose and text, decoders, the joint model, classifiers."""
