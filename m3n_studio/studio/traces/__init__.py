"""Signals over time, their spectra, and measuring in them."""
