"""How close the simulated signal is to the real one, and how the two are brought together."""
