"""Virtual IMUs: placement, simulation, device errors; alignment and fidelity."""
