"""Evaluation: what a model finds in labelled pictures, measured as COCO and Pascal VOC measure it.

Ground truth (`truth`) and what was found (`found`) come from files or from a run of the detector.
Each measure of the two has a file of its own; `evaluate` puts them together, `report` writes them,
`compare` does it for one setting after another.
"""
