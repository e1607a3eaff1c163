"""What the window is about: time, selection, the document and its edits, jobs, and the engine between them."""
