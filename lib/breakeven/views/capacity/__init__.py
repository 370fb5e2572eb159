"""Capacity: how many replicas a file's own arrivals need."""
