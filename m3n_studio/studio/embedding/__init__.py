"""Windows as points in a model's space: pictures, neighbours, similarities, sentences; synthetic against real."""
