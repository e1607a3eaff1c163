"""Colours, icons and small widgets every view is made of."""
