"""Which questions have a page of their own: each page's usual one, the links of the README, the presets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import parse_qsl

from breakeven.dashboard.session import CLAIM, known_ids, presets
from breakeven.question.link import SCENARIO_FIELDS, decode
from breakeven.question.scenario import Scenario
from breakeven.question.versions import NEWEST, completed, versions
from breakeven.tables.records import Preset
from breakeven.views.links import HOME, TITLES, target

STARTS: Mapping[str, str] = {
    "links/article-2023": (
        "v=1&as_of=2023-07-20&model=llama-2-70b&api=openai/gpt-3.5-turbo&resellers=no&gpu=a100-80-sxm&gpus=2"
        "&gpu_price_type=on-demand&gpu_offer=coreweave-a100-80-sxm-x2-on-demand-article-2023-07-20"
        "&precision=fp16&kv_precision=fp16&engine=auto&mode=static&prompt_a=512&completion_a=16&cached_a=0"
        "&prompt_b=512&completion_b=512&cached_b=0&requests=1000000&per=once&finish_hours=24"
        "&startup_minutes=0&batch=64&ttft=none&tpot=none&utilisation=1&usable=1&currency=USD&rate=1"
        "&overhead_percent=0&overhead_month=0"
    ),
    "links/today": (
        "v=1&as_of=2026-11-30&model=llama-3.3-70b&api=cheapest&resellers=no&gpu=cheapest&gpus=2"
        "&gpu_price_type=on-demand&gpu_offer=median&precision=fp8&kv_precision=fp16&engine=auto"
        "&mode=continuous&prompt_a=4000&completion_a=16&cached_a=0&prompt_b=64&completion_b=4096&cached_b=0"
        "&requests=1&per=second&finish_hours=24&startup_minutes=10&batch=none&ttft=2&tpot=0.05"
        "&utilisation=0.5&usable=0.9&currency=USD&rate=1&overhead_percent=0&overhead_month=0"
    ),
}
"""The links that the README starts from, by the folders of their pages."""
BILL = "workload"
"""Page whose fields start with ``plan_`` and ``bill_`` instead of its name."""
CHANGES_NOTHING = ("v", CLAIM)
"""Parameters that no answer hangs on."""
DAY = "as_of"
"""Parameter that a link may not leave out: without it the app takes the day it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One page of the site."""

    folder: str
    """Its address below the site; empty at the root."""
    page: str
    """Key of :data:`breakeven.views.links.TITLES`."""
    query: str
    """Parameters of the link that asks it, all of them."""
    scenario: Scenario

    @property
    def asked(self) -> dict[str, str]:
        """What each parameter says, usual values too."""
        given = [(key, text) for key, text in parse_qsl(self.query, keep_blank_values=True) if key != "v"]
        own = prefixes(self.page)
        full = dict(completed([("v", NEWEST), *given]))
        return {key: text for key, text in full.items() if key in SCENARIO_FIELDS.keys or key.startswith(own)}


def prefixes(page: str) -> tuple[str, ...]:
    """Starts of the parameters that a page adds to the scenario."""
    return ("plan_", "bill_") if page == BILL else (f"{page}_",)


def questions(day: date) -> tuple[Question, ...]:
    """Every question with a page; one that is asked twice has the address that comes first.

    ``day`` is the day of the prices, except where a link names another.
    """
    usual = Scenario(as_of=day)
    found = [_of("" if page == HOME else page, page, usual) for page in TITLES]
    found += [_of(f"presets/{one.preset_id}", HOME, _with(usual, one)) for one in presets().values()]
    for folder, query in STARTS.items():
        linked = decode(query, default=usual, known=known_ids()).scenario
        found.append(_of(folder, HOME, linked))
    first: dict[tuple[str, str], Question] = {}
    for one in found:
        first.setdefault((one.page, one.query), one)
    return tuple(first.values())


def _of(folder: str, page: str, scenario: Scenario) -> Question:
    return Question(folder=folder, page=page, query=target(page, scenario, {}).query, scenario=scenario)


def _with(usual: Scenario, preset: Preset) -> Scenario:
    """The usual question with a preset in the place of the shape of its kind."""
    tokens, answer = preset.prompt_tokens, preset.completion_tokens
    if preset.workload_class == "generation-heavy":
        return replace(usual, prompt_b=tokens, completion_b=answer)
    return replace(usual, prompt_a=tokens, completion_a=answer)


def answers(question: Question, page: str, query: str) -> bool:
    """Tell whether a page's link asks exactly this question; ``link.js`` tells it in the browser.

    What the link leaves out has the value of its version, else the usual one; a parameter more, or another
    spelling of a value, is another question.
    """
    given: dict[str, str] = {}
    for key, text in parse_qsl(query, keep_blank_values=True):
        given.setdefault(key, text)
    usual = versions().get(given.get("v", ""), versions()[NEWEST])
    own = (DAY, *(key for key in usual if key in SCENARIO_FIELDS.keys or key.startswith(prefixes(page))))
    left_out = {key: text for key, text in question.asked.items() if key not in own}
    filled = {key: usual[key] for key in own if key in usual}
    said = {key: text for key, text in given.items() if key not in CHANGES_NOTHING}
    return page == question.page and left_out | filled | said == question.asked


def manifest(found: Sequence[Question]) -> dict[str, object]:
    """What a script needs to tell whether a link has a page: usual values, and what each page asks."""
    return {
        "newest": NEWEST,
        "versions": {name: dict(values) for name, values in versions().items()},
        "scenario": list(SCENARIO_FIELDS.keys),
        "prefixes": {page: list(prefixes(page)) for page in TITLES},
        "titles": dict(TITLES),
        "nothing": list(CHANGES_NOTHING),
        "pages": [{"folder": one.folder, "page": one.page, "asked": one.asked} for one in found],
    }
