"""Learning: windows, encoders, losses, methods. The only importer of torch, and imported when first needed."""
