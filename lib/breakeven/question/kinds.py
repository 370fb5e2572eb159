"""Words of a question that stand for one of a few things; links and tables hold the same words."""

from enum import StrEnum


class WeightFormat(StrEnum):
    """Number format of the weights, key of ``precisions``."""

    FP16 = "fp16"
    BF16 = "bf16"
    FP8 = "fp8"
    INT8 = "int8"
    INT4 = "int4"
    FP4 = "fp4"


class CacheFormat(StrEnum):
    """Number format of the KV cache."""

    FP16 = "fp16"
    FP8 = "fp8"
    INT8 = "int8"


class PriceKind(StrEnum):
    """Kind of rental offer."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"
    MARKETPLACE = "marketplace"
    RESERVED = "reserved"
    ESTIMATE = "estimate"


class LayoutKind(StrEnum):
    """How the GPUs of a replica share a mixture of experts, as links write it."""

    AUTO = "auto"
    TENSOR = "tp"
    DATA = "dp"


class Per(StrEnum):
    """Unit of time of a load."""

    SECOND = "second"
    MONTH = "month"
    ONCE = "once"
