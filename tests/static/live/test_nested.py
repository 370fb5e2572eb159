"""JSON that is nested deeply, on its way through the tab."""

import importlib.util
import json
from pathlib import Path

import pytest

from breakeven.static.live import boot


@pytest.fixture
def nested(monkeypatch):
    """The module of the tab; the decoder is given back afterwards."""
    spec = importlib.util.spec_from_file_location("tab_nested", Path(boot.__file__).with_name("nested.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(json.JSONDecoder, "raw_decode", json.JSONDecoder.raw_decode)
    module.take_over()
    return module


pytestmark = pytest.mark.usefixtures("nested")


def _deep(levels: int) -> str:
    return '{"a":[' * (levels // 2) + "]}" * (levels // 2)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        _deep(200),
        json.dumps([{"usage": {"tokens": [1, 2]}}] * 1000),
        json.dumps([{"prompt": "[" * 50}] * 100),
        json.dumps("{" * 5000),
    ],
    ids=lambda text: text[:10],
)
def test_what_is_not_deep_is_read_as_ever(text):
    read = json.loads(text)
    assert json.dumps(read, separators=(",", ":")) == "".join(text.split()) or json.dumps(read) == text


def test_what_is_too_deep_is_refused_as_python_refuses_it(nested):
    assert nested.is_deep(_deep(100_000))
    with pytest.raises(RecursionError):
        json.loads(_deep(100_000))


@pytest.mark.parametrize("text", ["[" * 1000, '["' + "[" * 1000 + '"', '["' + "[" * 1000])
def test_damage_stays_damage_whoever_reads_it(text):
    with pytest.raises((ValueError, RecursionError)):
        json.loads(text)


def test_values_one_after_another_are_read_each_from_its_place():
    text = json.dumps("[" * 1000) + " [1] {}"
    decoder = json.JSONDecoder()
    first, at = decoder.raw_decode(text)
    second, _ = decoder.raw_decode(text, at + 1)
    assert (len(first), second) == (1000, [1])
