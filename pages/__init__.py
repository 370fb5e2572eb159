"""One file a page: input, answer, show."""
