"""Both ways to bill a request, as a shape and as a workload, read one price rule."""

from datetime import date

import numpy as np
import pytest

from breakeven.apis import bills, shapes
from breakeven.tables import queries
from breakeven.usage.sums import Tokens
from tests.builders import TODAY

COMPLETION = 700


def requests_of(edges):
    """Prompt and cached tokens on both sides of every threshold and of every fifth context window."""
    lengths = {1, 1000, *edges.tiers, *(tier + 1 for tier in edges.tiers)}
    whole = {size - COMPLETION + more for size in edges.contexts[::5] for more in (0, 1)}
    cached = [(prompt, share) for prompt in sorted(lengths) for share in (prompt // 3, prompt)]
    return cached + [(prompt, 0) for prompt in sorted(lengths | whole) if prompt > 0]


def group(number, prompt, cached, edges):
    """The request as a workload of one."""
    return bills.group_of(
        number,
        None,
        tier=sum(prompt > tier for tier in edges.tiers),
        context=sum(prompt + COMPLETION > size for size in edges.contexts),
        edges=edges,
        tokens=Tokens(requests=1, input_uncached=prompt - cached, cache_read=cached, output=COMPLETION),
    )


@pytest.mark.parametrize("day", [date(2023, 7, 20), date(2024, 11, 5), date(2026, 1, 15), TODAY])
def test_every_offer_bills_a_request_the_same_as_a_shape_and_as_a_workload(connection, edges, day):
    offers = queries.api_offers_on(connection, day)
    requests = requests_of(edges)
    prompt, cached = (np.array(column, dtype=float) for column in zip(*requests, strict=True))
    as_shapes = shapes.bills_of(
        offers, prompt=prompt, completion=np.full_like(prompt, COMPLETION), cached=cached
    )
    groups = [group(number, *request, edges) for number, request in enumerate(requests)]
    billed = bills.bills_of(connection, day, groups)
    assert {offer for offer, _ in billed} == {offer.api_offer_id for offer in offers}
    rows = [[billed[offer.api_offer_id, number] for number in range(len(requests))] for offer in offers]
    too_long = np.array([[bill.not_served > 0 for bill in row] for row in rows])
    for part, usd in zip(("prompt", "completion"), as_shapes, strict=True):
        as_workload = np.array([[float(getattr(bill, part)) for bill in row] for row in rows])
        np.testing.assert_array_equal(np.isnan(usd), too_long)
        np.testing.assert_allclose(usd[~too_long], as_workload[~too_long], rtol=1e-9, atol=0)
