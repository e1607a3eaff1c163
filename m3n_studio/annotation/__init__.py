"""Labels over time: values, operations on them, how good they are, and the formats of other tools. No Qt, no files
but the exchange formats'.
"""
