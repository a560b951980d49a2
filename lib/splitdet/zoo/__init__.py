"""Models by name: where they come from, and where they lie."""
