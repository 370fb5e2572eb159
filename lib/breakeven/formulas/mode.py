"""Names of the serving modes."""

from enum import StrEnum


class Mode(StrEnum):
    """Serving modes, by the name that links, tables and the command line use."""

    CONTINUOUS = "continuous"
    STATIC = "static"
    DISAGGREGATED = "disaggregated"
