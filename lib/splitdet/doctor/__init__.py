"""What a machine has for splitdet, found by looking only: nothing is installed, set or started."""
