"""Everything that a link or a command line can say."""
