"""``python -m m3n_studio`` is ``m3n-studio``."""

from m3n_studio.cli import main

main()
