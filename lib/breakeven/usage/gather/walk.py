"""Usage objects at any depth of a JSON value, and what the value says around them."""

from __future__ import annotations

import ast
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from breakeven.usage.gather.keys import BadNumber, keys, spell, whole

Item = tuple[tuple[int, int], ...]
_OWN = frozenset({"cost", "ttft", "e2e", "requests", "currency"})
"""What may be said of one usage object only; the rest may be said of several."""
_ITEM = frozenset(
    {"id", "request", "status", "error", "success", "cancelled", "gateway", "span", "parent", "kind"}
)
_IDS = frozenset({"id", "request", "span", "parent"})
_SPAN = frozenset({"id", "span", "parent", "trace"})
_IS_IT = frozenset({"response", "body", "message", "result"})
"""Keys under which lies the answer itself, with its id."""
_TELLS = _IS_IT | {
    "metadata",
    "meta",
    "info",
    "data",
    "attributes",
    "spanattributes",
    "status",
    "operation",
    "span",
    "openinference",
    "cache",
}
"""Keys under which a log says how a request went."""
_TEXTS = frozenset({"other", "metadata", "ailog", "body"})
"""Keys whose text may be JSON about the request."""
_WITHIN = {
    "model": ("id", "modelid", "name", "modelname", "model"),
    "ts": ("created", "start", "started"),
    "cost": ("total", "totalcost", "amount"),
    "status": ("code", "statuscode", "httpstatus"),
}
"""Keys that carry the value where it is wrapped in a dictionary."""
_WRAPPED = {"cost": ".amount", "status": ".code"}
_SUMMED = frozenset({"totalisl", "totalosl", "requestcount"})
"""Statistics of one number, whose average is that number."""
_DEEP = 3
_NOTHING: frozenset[str] = frozenset()


class Shape:
    """What the keys of a dictionary tell; records of one log share a few shapes."""

    __slots__ = ("context", "counts", "dotted", "inner", "norm", "requests", "span", "sums")

    def __init__(self, names: tuple[str, ...]) -> None:
        """Spell the keys; of two with one spelling the first counts."""
        table = keys()
        self.norm: dict[str, str] = {}
        for name in names:
            self.norm.setdefault(spell(name), name)
        self.dotted = any("." in name for name in names)
        self.context = tuple(
            (name, rank, spelled, original)
            for spelled, original in self.norm.items()
            for name, rank in table.context.get(spelled, ())
        )
        self.span = any(name in ("parent", "span") for name, *_ in self.context)
        self.counts = any(
            spelled in table.meaning or spelled in table.short or spelled in _outer() for spelled in self.norm
        )
        self.requests = tuple(
            original
            for spelled, original in self.norm.items()
            if table.meaning.get(spelled, ("",))[0] == "requests"
        )
        self.sums = not table.sets["sums"].isdisjoint(self.norm)
        gone = table.sets["skip"]
        self.inner = tuple((k, v) for k, v in reversed(self.norm.items()) if k not in gone)


@cache
def _outer() -> frozenset[str]:
    """Keys within which a count may lie."""
    return frozenset(key.split(".")[0] for key in keys().meaning if "." in key)


@lru_cache(maxsize=1 << 13)
def _shape(names: tuple[str, ...]) -> Shape:
    return Shape(names)


class Node:
    """A dictionary on the way down, with its keys spelled."""

    __slots__ = ("items", "key", "shape", "up", "usage", "value")

    def __init__(self, value: dict[str, Any], key: str, up: Node | None, items: Item, usage: bool) -> None:
        """Take up a dictionary; dotted keys become dictionaries of their own."""
        shape = _shape(tuple(value))
        if shape.dotted:
            value = nested(value)
            shape = _shape(tuple(value))
        self.value, self.key, self.up, self.items, self.usage, self.shape = (
            value,
            key,
            up,
            items,
            usage,
            shape,
        )

    @property
    def norm(self) -> dict[str, str]:
        """Spelling to key."""
        return self.shape.norm

    def chain(self) -> Iterator[Node]:
        """This dictionary and those around it, nearest first."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.up

    @property
    def path(self) -> tuple[str, ...]:
        """Spelled keys from the root."""
        return tuple(reversed([node.key for node in self.chain() if node.key]))


@dataclass(slots=True)
class Found:
    """One usage object."""

    node: Node
    counts: dict[str, int]
    """Meaning to number."""
    used: dict[str, str]
    """Meaning to the key within the object that said so."""
    bad: tuple[str, str, str] | None = None
    """Column, value and reason of a count that cannot be one."""
    items: Item = ()
    """Lists around it that hold several, and where in them."""
    also: list[Found] = field(default_factory=list)
    """Objects of the same record that say the same call again."""

    def sums(self, name: str, *more: str) -> set[int]:
        """What a side may add up to, with or without its parts."""
        base = self.counts.get(name, 0)
        parts = [self.counts[m] for m in more if self.counts.get(m)]
        found = {base, base + sum(parts)}
        return found | {base + part for part in parts}

    @property
    def prompt(self) -> set[int]:
        """Possible sizes of the prompt."""
        counts = self.counts
        if "uncached" in counts and "input" not in counts:
            parts = [counts.get(m, 0) for m in ("uncached", "cache_read", "cache_write")]
            return {parts[0], sum(parts)}
        return self.sums("input", "cache_read", "cache_write", "tool_input")

    @property
    def answer(self) -> set[int]:
        """Possible sizes of the answer."""
        return self.sums("output", "reasoning")


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as dictionaries within dictionaries.

    >>> nested({"gen_ai.usage.input_tokens": 5, "name": "chat"})
    {'gen_ai': {'usage': {'input_tokens': 5}}, 'name': 'chat'}
    """
    out: dict[str, Any] = {}
    for key, value in flat.items():
        parts = key.split(".") if "." in key and not isinstance(value, dict) else [key]
        place = out
        for part in parts[:-1]:
            inner = place.get(part)
            if not isinstance(inner, dict):
                inner = place[part] = {} if inner is None else {"value": inner}
            place = inner
        old = place.get(parts[-1])
        if isinstance(old, dict) and not isinstance(value, dict):
            old.setdefault("value", value)
        elif isinstance(old, dict):
            place[parts[-1]] = {**value, **old}
        else:
            place[parts[-1]] = value
    return out


def _attributes(items: list[Any]) -> dict[str, Any] | None:
    """A list of keys and values as OTLP writes attributes; None if it is another list."""
    if not items or not all(isinstance(i, dict) and "key" in i and "value" in i for i in items):
        return None
    out = {}
    for item in items:
        value = item["value"]
        if isinstance(value, dict) and len(value) == 1:
            value = next(iter(value.values()))
        out[str(item["key"])] = value
    return out


def _text(value: str) -> Any:
    """JSON, or a Python dictionary, that lies in a text; None if neither."""
    text = value.strip()
    if not (text[:1] in "{[" and text[-1:] in "}]") or len(text) > 1_000_000:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if "'" not in text or len(text) > 20_000:
            return None
    try:
        return json.loads(json.dumps(ast.literal_eval(text)))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def find(root: Any, spans: dict[int, int]) -> list[Found]:
    """Every usage object of a value; the parents of spans are noted in ``spans``."""
    table, found, lists = keys(), list[Found](), 0
    stack: list[tuple[Any, str, Node | None, Item]] = [(root, "", None, ())]
    while stack:
        value, key, up, items = stack.pop()
        if isinstance(value, str):
            value = _text(value)
        if isinstance(value, list):
            attributes = _attributes(value)
            if attributes is None:
                lists += 1
                for at in range(len(value) - 1, -1, -1):
                    if isinstance(value[at], (dict, list)):
                        stack.append((value[at], key, up, (*items, (lists, at))))
                continue
            value = attributes
        if not isinstance(value, dict):
            continue
        node = Node(value, key, up, items, up is not None and up.usage)
        rows = _columns(node, -len(found) - 1)
        if rows:
            found += rows
            continue
        value = node.value
        one, taken = _usage(node) if node.shape.counts else (None, _NOTHING)
        if one is not None:
            found.append(one)
            node.usage = True
        span = span_of(node) if node.shape.span else None
        if span is not None and span[1]:
            spans[span[0]] = span[1]
        gone = {
            other
            for name in table.instead.keys() & node.norm.keys()
            if _may_hold(value[node.norm[name]])
            for other in table.instead[name]
        }
        for name, original in node.shape.inner:
            inner = value[original]
            if isinstance(inner, str) and name in table.sets["logs"] and inner[:1] not in "{[":
                inner = inner[inner.find('{"') :] if '{"' in inner else ""
            if isinstance(inner, str) and inner.lstrip()[:1] not in ("{", "["):
                continue
            if isinstance(inner, (dict, list, str)) and name not in gone and original not in taken:
                stack.append((inner, name, node, items))
    return found


def _may_hold(value: Any) -> bool:
    return bool(value) and isinstance(value, (dict, list, str))


def _usage(node: Node) -> tuple[Found | None, Collection[str]]:
    """Counts of a dictionary; None if it is no usage object. Also the keys that were used up."""
    table = keys()
    short = node.key in table.sets["containers"]
    named = short or (
        node.up is not None and node.up.key in table.sets["model_maps"] and node.up.key != "models"
    )
    ranks: dict[str, int] = {}
    counts: dict[str, int] = {}
    used: dict[str, str] = {}
    taken: set[str] = set()
    strong, bad = False, None
    for spelling, original, value, parent in _numbers(node):
        meaning = table.meaning.get(spelling)
        if meaning is None and short and "." not in spelling:
            meaning = table.short.get(spelling)
        if meaning is None:
            continue
        name, rank = meaning
        try:
            number = whole(value)
        except BadNumber as error:
            if name not in ("requests", "total"):
                bad = bad or (original, str(value)[:60], str(error))
                strong = strong or spelling in table.meaning
            continue
        if number is None or ranks.get(name, 1 << 30) <= rank:
            continue
        ranks[name], counts[name], used[name] = rank, number, original
        strong = strong or (spelling in table.meaning and name not in ("requests", "total"))
        if parent:
            taken.add(parent)
    sides = {"input", "uncached", "output", "cache_read"} & counts.keys()
    if not sides and counts.get("total") and _embeds(node):
        counts["input"], used["input"] = counts["total"], used["total"]
        sides, strong = {"input"}, True
    both = "output" in counts and len(sides) > 1
    enough = both or bad or (sides and (named or "total" in counts or "requests" in counts))
    if not enough or not (strong or short) or (node.usage and not both):
        return None, set()
    if "output" not in counts and "text_output" in counts:
        counts["output"] = counts["text_output"] + counts.get("reasoning", 0)
    if bad and not strong:
        return None, set()
    return Found(node, counts, used, bad), taken


def _embeds(node: Node) -> bool:
    """Whether what is around usage says that the call embeds or ranks texts, and writes none."""
    words = keys().sets["embeds"]
    for one in node.chain():
        for name, _, _, original in one.shape.context:
            value = one.value[original]
            if (
                name in ("model", "kind")
                and isinstance(value, str)
                and any(w in value.lower() for w in words)
            ):
                return True
    return False


def _numbers(node: Node) -> Iterator[tuple[str, str, Any, str]]:
    """Spelling, key, value and, where it lies one or two levels down, the key that holds it."""
    for name, original in node.norm.items():
        value = node.value[original]
        if isinstance(value, str) and name in _TEXTS and value[:1] == "{":
            value = _text(value)
        if not isinstance(value, dict):
            if not isinstance(value, list):
                yield name, original, value, ""
            continue
        if not isinstance(value.get("value", {}), (dict, list)):
            yield name, original, value["value"], original
        elif name in _SUMMED and isinstance(value.get("avg"), (int, float)):
            yield name, original, value["avg"], original
        for inner, number in value.items():
            path = f"{name}.{spell(str(inner))}"
            if isinstance(number, dict):
                for last, deepest in number.items():
                    yield f"{path}.{spell(str(last))}", f"{original}.{inner}.{last}", deepest, original
            else:
                yield path, f"{original}.{inner}", number, original


def _columns(node: Node, mark: int) -> list[Found]:
    """Requests of lists side by side, as benchmarks write them."""
    lists = {
        name: node.value[node.norm[key]]
        for name, options in keys().columns.items()
        for key in options
        if key in node.norm and isinstance(node.value[node.norm[key]], list)
    }
    if not {"input", "output"} <= lists.keys() or len(lists["input"]) != len(lists["output"]):
        return []
    found = []
    for at, (prompt, answer) in enumerate(zip(lists["input"], lists["output"], strict=True)):
        row = {"input_len": prompt, "output_len": answer}
        for name, key in (("ts", "start_time"), ("ttft", "ttft"), ("e2e", "latency"), ("errors", "error")):
            if len(lists.get(name, ())) == len(lists["input"]):
                row[key] = lists[name][at]
        one, _ = _usage(Node(row, "usage", node, (*node.items, (mark, at)), False))
        if one is not None:
            found.append(one)
    return found


def span_of(node: Node) -> tuple[int, int] | None:
    """Marks of a span and of its parent, 0 without one; None if a dictionary is no span."""
    if not node.shape.span:
        return None
    said: dict[str, Any] = {}
    _take(node, _SPAN, said, None)
    if "span" not in said and isinstance(node.value.get("context"), dict):
        _take(Node(node.value["context"], "context", node, (), False), _SPAN - said.keys(), said, None)
    own, parent = said.get("span") or said.get("id"), said.get("parent")
    if not own:
        return None
    return hash((said.get("trace"), own)), hash((said.get("trace"), parent)) if parent else 0


def _scalar(name: str, value: Any) -> Any:
    """A value that can be what ``name`` means, taken out of a dictionary or list that wraps it."""
    if isinstance(value, dict):
        spelled = {spell(str(k)): v for k, v in value.items()}
        if name in ("ttft", "e2e") and "value" in spelled:
            return spelled["value"]
        value = next((spelled[k] for k in _WITHIN.get(name, ()) if k in spelled), None)
        return value if not isinstance(value, (dict, list)) else None
    if isinstance(value, list):
        alone = name == "parent" or (name == "model" and len(value) == 1)
        first = value[0] if alone and value else None
        if isinstance(first, dict):
            first = next((v for k, v in first.items() if spell(str(k)) == "spanid"), None)
        return first if isinstance(first, str) else None
    return value


def _take(node: Node, wanted: frozenset[str], said: dict[str, Any], keys_of: dict[str, str] | None) -> None:
    """Note what a dictionary itself says of ``wanted``."""
    best: dict[str, int] = {}
    for name, rank, spelled, original in node.shape.context:
        if name not in wanted or best.get(name, 1 << 30) <= rank:
            continue
        raw = node.value[original]
        if name == "error" and isinstance(raw, (dict, list)):
            value: Any = bool(raw)
        else:
            value = _scalar(name, raw) if isinstance(raw, (dict, list)) else raw
        if value is None or value == "" or (name == "model" and not isinstance(value, str)):
            continue
        if name == "cost" and (isinstance(value, bool) or (spelled == "usage" and isinstance(raw, dict))):
            continue
        best[name], said[name] = rank, value
        if name == "cost" and isinstance(raw, dict) and isinstance(raw.get("currency"), str):
            said["currency"] = raw["currency"]
        if keys_of is not None:
            keys_of[name] = spelled + _WRAPPED.get(name, "") * isinstance(raw, dict)


def below(
    node: Node, wanted: frozenset[str], taboo: set[int], said: dict[str, Any], keys_of: dict[str, str]
) -> None:
    """Context out of the dictionaries within a dictionary, not those of other usage objects."""
    table, level = keys(), [node]
    for _ in range(_DEEP):
        following = []
        for one in level:
            children = [(k, v) for k, v in one.norm.items() if isinstance(one.value[v], dict) or k in _TEXTS]
            for spelled, original in sorted(children, key=lambda pair: pair[0] != "response"):
                inner = one.value[original]
                if isinstance(inner, str) and inner[:1] == "{" and spelled in _TEXTS:
                    inner = _text(inner)
                if not isinstance(inner, dict) or id(inner) in taboo:
                    continue
                if spelled in table.sets["skip"] or spelled in table.sets["aside"]:
                    continue
                child = Node(
                    nested(inner) if any("." in name for name in inner) else inner, spelled, one, (), False
                )
                allowed = wanted - said.keys()
                if spelled not in _TELLS:
                    allowed = allowed - _ITEM
                elif spelled not in _IS_IT:
                    allowed = allowed - _IDS
                _take(child, allowed, said, keys_of)
                following.append(child)
        level = following


def context_of(
    one: Found, owners: Mapping[int, set[int]], mine: int
) -> tuple[dict[str, Any], dict[str, str]]:
    """All that is said of a usage object, and the spelling of the key that said it."""
    said: dict[str, Any] = {}
    keys_of: dict[str, str] = {}
    others = {key for key, who in owners.items() if who != {mine}}
    for source in (one, *one.also):
        taboo = others | {id(node.value) for node in source.node.chain()}
        for node in source.node.chain():
            wanted = _all_context()
            if id(node.value) in others:
                wanted = wanted - _OWN
            if not all(step in node.items for step in one.items):
                wanted = wanted - _ITEM
            _take(node, wanted - said.keys(), said, keys_of)
            below(node, wanted - said.keys(), taboo, said, keys_of)
    return said, keys_of


@cache
def _all_context() -> frozenset[str]:
    return frozenset(name for found in keys().context.values() for name, _ in found)
