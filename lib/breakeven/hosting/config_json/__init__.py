"""A model typed in: from a Hugging Face ``config.json``, and as compact numbers in a link."""

from breakeven.hosting.config_json.compact import from_link, to_link
from breakeven.hosting.config_json.read import Read, read_config

__all__ = ["Read", "from_link", "read_config", "to_link"]
