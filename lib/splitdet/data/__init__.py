"""Datasets: pictures with boxes, read from and written to the formats that are in use.

`open_dataset` gives the records of a dataset one by one. Each of them goes through `settle`, which
looks at its picture; what an operation then does with it has a file of its own here. Formats live in
`formats`, a reader and a writer each.
"""
