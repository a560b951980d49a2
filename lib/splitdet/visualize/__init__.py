"""Pictures with what was found in them."""
