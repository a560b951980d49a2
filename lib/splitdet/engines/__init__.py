"""Engines: who computes the parts of a graph. Each is imported when it is chosen, not before."""
