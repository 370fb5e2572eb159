"""The dashboard itself, running in a tab of a browser from plain files."""
