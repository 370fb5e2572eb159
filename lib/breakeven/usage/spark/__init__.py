"""Logs that are too large for one machine: Spark adds them up where they lie, as a file is added up."""
