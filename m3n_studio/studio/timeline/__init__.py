"""Playing, stepping and the strip of the whole clip."""
