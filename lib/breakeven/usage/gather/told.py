"""What the shape of a record tells: its kind, its model where that is a key, how many requests it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from breakeven.usage.gather.judge import when
from breakeven.usage.gather.keys import BadNumber, Kind, keys, spell, whole
from breakeven.usage.gather.walk import Found, Node


def event_of(root: Any) -> str:
    """Type of an event, its own or that of what it carries."""
    if not isinstance(root, dict):
        return ""
    inner = root.get("payload") if isinstance(root.get("payload"), dict) else root.get("msg")
    own = root.get("type") or root.get("event") or root.get("kind")
    if isinstance(inner, dict) and own in (None, "event_msg") and isinstance(inner.get("type"), str):
        return str(inner["type"])
    return own if isinstance(own, str) else ""


def kind_of(one: Found, event: str) -> Kind | None:
    """The first description that fits a dictionary around a usage object, outermost first."""
    spelled = [_spelled(node.value, 4) for node in reversed(list(one.node.chain()))]
    for kind in keys().kinds:
        if kind.type and kind.type == event:
            return kind
        if kind.has and any(set(kind.has) <= names for names in spelled):
            return kind
    return None


def _spelled(value: dict[str, Any], depth: int) -> set[str]:
    found: set[str] = set()
    for key, inner in value.items():
        name = ".".join(spell(part) for part in key.split("."))
        found.update(name.rsplit(".", cut)[0] for cut in range(name.count(".") + 1))
        if depth and isinstance(inner, dict):
            found |= {f"{name}.{below}" for below in _spelled(inner, depth - 1)}
    return found


def requests_of(one: Found, owners: Mapping[int, set[int]], mine: int) -> Iterator[tuple[str, int]]:
    """How many requests the dictionaries around say that one usage object stands for."""
    for node in one.node.chain():
        if owners.get(id(node.value), {mine}) != {mine}:
            return
        beside = node.value.get("api")
        inner = Node(beside, "api", node, (), False) if isinstance(beside, dict) else node
        for holder in (node, inner):
            for original in holder.shape.requests:
                value = holder.value[original]
                if isinstance(value, dict):
                    value = value.get("count", value.get("completed"))
                elif spell(original) in ("count", "completed", "repeat"):
                    continue
                try:
                    number = whole(value)
                except BadNumber:
                    continue
                if number:
                    yield "requests", number
                    return


def model_key(one: Found) -> str:
    """A key that names a model, where usage lies in a map by model."""
    for node in one.node.chain():
        up = node.up
        if (
            up is not None
            and up.key in keys().sets["model_maps"]
            and node.key not in keys().sets["containers"]
        ):
            original = up.norm.get(node.key)
            if original and not keys().context.get(node.key) and node.key not in keys().meaning:
                return original
    return ""


def model_word(one: Found) -> str:
    """A key around usage that holds the word of a model's name."""
    words = keys().sets["model_words"]
    around = ((node.up, node.key) for node in one.node.chain() if node.up is not None)
    return next((up.norm.get(key, "") for up, key in around if any(word in key for word in words)), "")


def day_key(one: Found) -> str:
    """A day that is a key, where usage lies in a map by day."""
    names = (node.up.norm.get(node.key, "") for node in one.node.chain() if node.up is not None)
    return next((when(name)[0] for name in names if name[:1].isdigit() and "-" in name), "")


def twin_mark(one: Found, twin: str) -> int:
    """Mark of the cumulative counter beside an increment; 0 without one."""
    up = one.node.up
    if up is None or twin not in up.norm or not isinstance(up.value[up.norm[twin]], dict):
        return 0
    return number_mark(up.value[up.norm[twin]])


def number_mark(value: Mapping[str, Any]) -> int:
    """Mark of all whole numbers of a dictionary."""
    return hash(tuple(sorted((key, number) for key, number in value.items() if isinstance(number, int))))


def processing_of(said: Mapping[str, Any], keys_of: Mapping[str, str], kind: Kind | None) -> tuple[str, str]:
    """``batch``, ``flex``, ``priority`` or ``standard``, and the tier as written where it is another."""
    value = said.get("processing")
    text = spell(value) if isinstance(value, str) else ""
    if (
        value is True
        or (text in ("batch", "true") and "batch" in keys_of.get("processing", ""))
        or text == "batch"
    ):
        return "batch", ""
    if kind is not None and kind.processing:
        return kind.processing, ""
    tier = text if text not in ("", "default", "standard", "auto", "false", "none", "null") else ""
    return (tier if tier in ("flex", "priority") else "standard"), tier
