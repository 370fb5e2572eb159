"""Numbers and things as people read them."""
