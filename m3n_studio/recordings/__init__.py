"""Signals, simulated or real, and the files they come in."""
