"""The body view and what one can do in it."""
