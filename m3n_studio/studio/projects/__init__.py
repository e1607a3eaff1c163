"""The room of projects: what is in one, importing into it, its label files."""
