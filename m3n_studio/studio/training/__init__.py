"""Training from the window: what to learn from, how, in what order, and what runs say while they run."""
