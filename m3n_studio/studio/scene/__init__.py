"""The scene as arrays and as pixels: bones on the GPU, cameras, picking, colours of the skin."""
