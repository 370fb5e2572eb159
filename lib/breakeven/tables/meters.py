"""What API offers charge for beside tokens of text."""

from __future__ import annotations

from enum import StrEnum


class Meter(StrEnum):
    """One kind of quantity, counted apart from the tokens of text and never inside them."""

    AUDIO_INPUT = "audio_input"
    """Tokens of audio in the prompt, not read from a cache."""
    AUDIO_CACHE_READ = "audio_cache_read"
    """Tokens of audio read from a cache."""
    AUDIO_OUTPUT = "audio_output"
    """Tokens of audio in the answer."""
    IMAGE_INPUT = "image_input"
    """Tokens of images in the prompt, not read from a cache."""
    IMAGE_CACHE_READ = "image_cache_read"
    """Tokens of images read from a cache."""
    IMAGE_OUTPUT = "image_output"
    """Tokens of images in the answer."""
    WEB_SEARCH = "web_search"
    """Searches of the web."""

    @property
    def column(self) -> str:
        """Column of ``api_prices`` with its price."""
        unit = "per_1000" if self is Meter.WEB_SEARCH else "per_mtok"
        return f"{self}_usd_{unit}"
