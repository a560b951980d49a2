"""GStreamer through PyGObject, where this machine has both; nothing is loaded before it is used."""
