"""How fast a model is on this machine, split and not split, under a matrix of settings."""
