"""The rows that the rules of thumb need besides those in force on the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from breakeven.tables import queries, rule_queries
from breakeven.tables.queries import Connection
from breakeven.tables.records import Discount, GpuOffer, Quote, RolePrice


@dataclass(frozen=True, kw_only=True)
class RuleTables:
    """Quoted numbers and dated prices up to a day; shared by all visitors."""

    day: date
    """Day of the scenario; the history that is drawn ends here."""
    quotes: Mapping[tuple[str, str], Quote]
    """By rule and item."""
    role_prices: Sequence[RolePrice]
    """By role, provider, place and day."""
    discounts: Mapping[date, Sequence[Discount]]
    """What makers take off, at a few days; the last is :attr:`day`."""
    gpu_offers: Mapping[date, Sequence[GpuOffer]]
    """Rental offers in force on each day on which some were read and on :attr:`day`, ascending."""
    launches: Mapping[str, int]
    """Year of launch by ``gpu_id``."""

    def quote(self, rule_id: str, item: str = "quoted") -> Quote:
        """A number of a rule.

        Raises
        ------
        KeyError
            If the table does not have it.
        """
        return self.quotes[rule_id, item]

    def price_of(self, role: str, provider: str, day: date, place: int | None = None) -> RolePrice | None:
        """Price of the newest offer that plays a role on a day; None where none is on record.

        An offer that has lost its price gives way to the one before it. With ``place`` only that one counts.
        """
        found: RolePrice | None = None
        for price in self.role_prices:
            if (price.role, price.provider) != (role, provider) or price.valid_from > day:
                continue
            if place in (None, price.place):
                # Rows come by place and day, so the last one that holds is the newest.
                if price.valid_to is None or day < price.valid_to:
                    found = price
                elif found is not None and found.place == price.place:
                    found = None
        return found

    def days_of(self, role: str, provider: str) -> list[date]:
        """Days up to :attr:`day` on which a price of a role changed."""
        days = {p.valid_from for p in self.role_prices if (p.role, p.provider) == (role, provider)} | {
            p.valid_to for p in self.role_prices if (p.role, p.provider) == (role, provider) and p.valid_to
        }
        return sorted(day for day in days if day <= self.day)

    def providers_of(self, role: str) -> list[str]:
        """Providers that have offers of a role."""
        return list(dict.fromkeys(price.provider for price in self.role_prices if price.role == role))

    def offers_on(self, day: date) -> Sequence[GpuOffer]:
        """Rental offers in force on the last collection day up to a day; empty before the first."""
        days = [known for known in self.gpu_offers if known <= day]
        return self.gpu_offers[days[-1]] if days else ()


DISCOUNT_MONTHS = (4, 10)
"""Months at whose first day the discounts of the past are looked up."""


def read_rule_tables(connection: Connection, day: date) -> RuleTables:
    """Quoted numbers, and dated prices."""
    past = [date(year, month, 1) for year in range(2024, day.year + 1) for month in DISCOUNT_MONTHS]
    collected = rule_queries.gpu_price_days(connection)
    return RuleTables(
        day=day,
        quotes=rule_queries.quotes(connection),
        role_prices=rule_queries.role_prices(connection),
        discounts={
            then: rule_queries.discounts_on(connection, then) for then in [*(d for d in past if d < day), day]
        },
        gpu_offers={then: queries.gpu_offers_on(connection, then) for then in sorted({*collected, day})},
        launches=rule_queries.launches(connection),
    )
