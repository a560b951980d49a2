"""Frozen graphs as data: load, inspect, cut. Needs protobuf, never TensorFlow or a session."""
