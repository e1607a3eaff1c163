"""How the default body is made; run by ``tools/build_default_body.py``."""
