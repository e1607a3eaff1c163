"""Shaping one body and describing a population."""
