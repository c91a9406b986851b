"""One file for each type of column: how its values become JSON and, for media, how its bytes are decoded.

A new type is one file here and one line in `reader.features.table`.
"""
