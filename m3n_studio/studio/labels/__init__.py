"""Labelling: the rows of labels over time, the keys that make them, and how good they are."""
