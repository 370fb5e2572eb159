"""Modules that run inside the tab, beside the packages there."""
