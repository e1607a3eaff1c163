"""The room of the videos: frames that follow the clock, and laying a video on the signals' time."""
