"""The API side of the answer: what every offer charges for a shape, and which one to trust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from breakeven.formulas import cost
from breakeven.formulas.arrays import Booleans, Floats
from breakeven.question.parts import Shape
from breakeven.tables.queries import billed
from breakeven.tables.records import ApiOffer, PriceTier
from breakeven.words.numbers import percent
from breakeven.words.reasons import LeftOut

CATALOGUE = "genai-prices"
"""Sources of the current catalogue start with this; the others are older price packages."""
OUTLIER_SHARE = 0.5
"""An open-weight price below this share of the next provider's is marked, not silently the cheapest."""
BATCH_VARIANT = "batch"
"""Word among an alias's variants for an offer that answers later, at the batch price."""
NEAR_SHARE = 1.2
"""Offers up to this multiple of the cheapest count as "within 20 %"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiBill:
    """What one offer charges for one request of one shape; US dollars."""

    offer: ApiOffer
    tier: PriceTier
    prompt_usd: float
    completion_usd: float
    mark: str | None
    """Why the offer is not taken as the cheapest by itself; None: nothing speaks against it."""

    @property
    def usd(self) -> float:
        """Bill per request. [USD]"""
        return self.prompt_usd + self.completion_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAnswer:
    """The offer that the shape is compared with, and all offers of the same model beside it."""

    bill: ApiBill | None
    """None: no offer can serve the shape; ``left_out`` says why."""
    same_model: tuple[ApiBill, ...]
    """Offers of one model, cheapest first, marked ones too."""
    median_usd: float | None
    """Median of the unmarked ones. [USD/request]"""
    n_within_20_percent: int
    left_out: tuple[LeftOut, ...]


def tier_for(offer: ApiOffer, prompt_tokens: float) -> PriceTier:
    """Tier that a whole request falls in: the highest one whose threshold the prompt exceeds."""
    return [tier for tier in offer.tiers if tier.above_tokens == 0 or prompt_tokens > tier.above_tokens][-1]


def bills_of(
    offers: Sequence[ApiOffer], *, prompt: Floats, completion: Floats, cached: Floats
) -> tuple[Floats, Floats]:
    """Dollars for prompt and completion of one request; the fee per request counts as prompt.

    Parameters
    ----------
    offers
        Rows of the result.
    prompt, completion, cached
        Columns of the result, one-dimensional. [tokens]

    Returns
    -------
    tuple
        Prompt and completion dollars, each of shape (offers, shapes); NaN beyond an offer's context.
    """
    shape = (len(offers), len(prompt))
    prompt_usd, completion_usd = np.zeros(shape), np.zeros(shape)
    for level in range(max(len(offer.tiers) for offer in offers)):
        # An offer with fewer tiers repeats its last one, which changes nothing.
        tiers = [offer.tiers[min(level, len(offer.tiers) - 1)] for offer in offers]
        above, input_usd, read_usd, output_usd, fee_usd = (
            np.array(column, dtype=float)[:, None] for column in zip(*map(_prices, tiers), strict=True)
        )
        in_part = cost.api_request_usd(
            uncached_tokens=prompt - cached,
            cache_read_tokens=cached,
            output_tokens=0,
            input_usd_per_mtok=input_usd,
            cache_read_usd_per_mtok=read_usd,
            output_usd_per_mtok=0,
            usd_per_request=fee_usd,
        )
        out_part = cost.api_request_usd(
            uncached_tokens=0, output_tokens=completion, input_usd_per_mtok=0, output_usd_per_mtok=output_usd
        )
        applies = prompt > above
        prompt_usd = np.where(applies, in_part, prompt_usd)
        completion_usd = np.where(applies, out_part, completion_usd)
    longest = np.array([[offer.context_tokens or np.inf] for offer in offers])
    too_long = prompt + completion > longest
    return np.where(too_long, np.nan, prompt_usd), np.where(too_long, np.nan, completion_usd)


def _prices(tier: PriceTier) -> tuple[float, float, float, float, float]:
    """Threshold and prices of a tier."""
    return (
        float(tier.above_tokens),
        float(tier.input_usd_per_mtok),
        float(billed(tier, "cache_read_usd_per_mtok")),
        float(tier.output_usd_per_mtok),
        float(tier.usd_per_request),
    )


def _bills(
    offers: Sequence[ApiOffer], shape: Shape, *, resellers: bool, patient: bool, marked: bool = True
) -> list[ApiBill]:
    """Bills of one shape."""
    if not offers:
        return []
    prompt_usd, completion_usd = bills_of(
        offers,
        prompt=np.array([float(shape.prompt_tokens)]),
        completion=np.array([float(shape.completion_tokens)]),
        cached=np.array([float(shape.cached_tokens)]),
    )
    marks: Sequence[str | None] = [None] * len(offers)
    if marked:
        usd = prompt_usd + completion_usd
        marks = Marks.of(offers, usd, resellers=resellers, patient=patient).at(0)
    return [
        ApiBill(
            offer=offer,
            tier=tier_for(offer, shape.prompt_tokens),
            prompt_usd=float(prompt_usd[row, 0]),
            completion_usd=float(completion_usd[row, 0]),
            mark=mark,
        )
        for row, (offer, mark) in enumerate(zip(offers, marks, strict=True))
    ]


def _mark(offer: ApiOffer, resellers: bool, patient: bool) -> str | None:
    """Why an offer of the right model is not taken as the cheapest by itself, whatever the shape."""
    if offer.flag:
        return offer.flag
    if offer.deprecated:
        return "being retired by the provider"
    if offer.variant and BATCH_VARIANT in offer.variant.split(", ") and not patient:
        return "batch processing: the answer may take hours"
    return "reseller" if offer.reseller and not resellers else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What speaks against offers (rows) at some shapes (columns)."""

    always: tuple[str | None, ...]
    """Why an offer is not the cheapest by itself at any shape."""
    lags: Booleans
    """Known only from an older catalogue, while another offer of a newer one can serve the shape."""
    outlier: Booleans
    """Far below every other provider's, as an artefact of a catalogue would be."""

    @classmethod
    def of(cls, offers: Sequence[ApiOffer], usd: Floats, *, resellers: bool, patient: bool) -> Marks:
        """Mark offers of one model.

        Parameters
        ----------
        offers
            Rows.
        usd
            Their bills, NaN where an offer's context does not hold the shape. [USD]
        resellers
            Let resellers be the cheapest.
        patient
            The answers may take hours: offers of batch processing count as any other.
        """
        always = tuple(_mark(offer, resellers, patient) for offer in offers)
        serves = ~np.isnan(usd)
        open_ = serves & np.array([mark is None for mark in always])[:, None]
        doubtful = np.array([is_doubtful(offer) for offer in offers])[:, None]
        lags = open_ & doubtful & (open_ & ~doubtful).any(axis=0)
        # Resellers and older catalogues count as witnesses, unless they pass on the offer itself.
        witness = np.array(
            [[not other.flag and one.provider not in other.provider for other in offers] for one in offers]
        )
        outlier = np.zeros_like(open_)
        cells = np.arange(usd.shape[1])
        while True:
            asked = np.where(open_ & ~lags & ~outlier, usd, np.inf)
            lowest = asked.argmin(axis=0)
            others = np.where(witness[lowest].T & serves & ~outlier, usd, np.inf).min(axis=0)
            bad = np.isfinite(others) & (asked[lowest, cells] < OUTLIER_SHARE * others)
            if not bad.any():
                return cls(always=always, lags=lags, outlier=outlier)
            outlier[lowest[bad], cells[bad]] = True

    @property
    def clean(self) -> Booleans:
        """Offers that nothing speaks against; whether they serve the shape is another matter."""
        return np.array([mark is None for mark in self.always])[:, None] & ~self.lags & ~self.outlier

    def at(self, column: int) -> list[str | None]:
        """What speaks against each offer at one shape, in words."""
        return [
            mark
            or ("only in an older catalogue, which may lag" if lags else None)
            or (
                f"less than {percent(OUTLIER_SHARE)} of what the next provider asks; "
                "check before relying on it"
                if outlier
                else None
            )
            for mark, lags, outlier in zip(
                self.always, self.lags[:, column], self.outlier[:, column], strict=True
            )
        ]


def is_doubtful(offer: ApiOffer) -> bool:
    """Say whether an offer is known only from an older price package, which may lag."""
    return offer.valid_from_kind == "first-seen" and not offer.source_id.startswith(CATALOGUE)


def _too_long(offer: ApiOffer, shape: Shape) -> LeftOut:
    return LeftOut(
        what=offer.api_offer_id,
        why=f"takes at most {offer.context_tokens:,} tokens, the request has "
        f"{shape.prompt_tokens + shape.completion_tokens:,}",
    )


def answer_of_apis(
    offers: Sequence[ApiOffer],
    shape: Shape,
    *,
    resellers: bool,
    chosen: ApiOffer | None,
    named: bool,
    patient: bool = False,
) -> ApiAnswer:
    """Bills of all offers of a model, the doubtful ones marked, and the one to compare with.

    Parameters
    ----------
    offers
        Offers of the model in force.
    shape
        One request.
    resellers
        Let resellers be the cheapest.
    chosen
        The offer to compare with instead of the cheapest; any model.
    named
        The reader asked for an offer by name; with ``chosen`` None it is not in force.
    patient
        The answers may take hours: offers of batch processing count as any other.
    """
    bills = _bills(offers, shape, resellers=resellers, patient=patient)
    left = [_too_long(bill.offer, shape) for bill in bills if np.isnan(bill.usd)]
    bills = sorted(
        (bill for bill in bills if not np.isnan(bill.usd)), key=lambda b: (b.usd, b.offer.api_offer_id)
    )
    clean = [bill for bill in bills if bill.mark is None]
    answer = None if named or not clean else clean[0]
    if chosen is not None:
        (answer,) = _bills([chosen], shape, resellers=resellers, patient=patient, marked=False)
        if np.isnan(answer.usd):
            left.insert(0, _too_long(chosen, shape))
            answer = None
    lowest = clean[0].usd if clean else 0.0
    return ApiAnswer(
        bill=answer,
        same_model=tuple(bills),
        median_usd=median(b.usd for b in clean) if clean else None,
        n_within_20_percent=sum(1 for b in clean if b.usd <= NEAR_SHARE * lowest),
        left_out=tuple(left),
    )
