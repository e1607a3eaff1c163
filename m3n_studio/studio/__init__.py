"""The Qt application: clock, window, views (the only importer of Qt, pyqtgraph, vispy)."""
