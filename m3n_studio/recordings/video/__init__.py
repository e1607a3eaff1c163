"""Video beside signals: which frame is shown at which moment, and how it lies against what the sensors read.

`index` knows the presentation time of every frame, `decoder` gives exactly the frame shown at a time,
`motion` measures how much moves, `claps` finds sharp events, `sync` puts a video on a signal's clock,
`reencode` makes a copy that seeks well. PyAV is imported where it is used, never at start-up.
"""
