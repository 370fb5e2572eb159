"""What single pages add to the scenario, a file a page."""
