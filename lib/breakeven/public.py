"""The engine for other programs and notebooks: what the commands answer, as plain values.

Options are those of the command of the same name, with ``_`` for ``-``; dates, numbers and lists as Python
has them. The keys of an answer are those of the command's ``--json``. Nothing is fetched and nothing is kept.
"""

from __future__ import annotations

from datetime import date
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

    from breakeven.question.scenario import Scenario


def price(file: str | PathLike[str], **options: Any) -> dict[str, Any]:
    """Price a usage file at every API offer, and on the cheapest deployment of every open model.

    Parameters
    ----------
    file
        A file, or a pattern such as ``logs/*.jsonl``.
    **options
        ``as_of`` (day of the prices), ``top`` (rows of each ranking), ``mapping``.

    Returns
    -------
    dict
        ``tokens`` [tokens], ``list_usd`` [US dollars], ``models``, ``offers``, ``deployments`` …

    Raises
    ------
    ValueError
        Where the file cannot be read; the text says what to give instead.

    Examples
    --------
    A million prompt tokens of gpt-4o cost $2.50 and 100,000 completion tokens $1.00, by OpenAI's list:

    >>> import pathlib, tempfile
    >>> usage = pathlib.Path(tempfile.mkdtemp(), "usage.csv")
    >>> _ = usage.write_text("model,input_tokens,output_tokens\\ngpt-4o,1000000,100000\\n")
    >>> price(usage, as_of="2026-11-01")["list_usd"]
    3.5
    """
    return _answer("price", file, **options)


def compare(scenario: Scenario | str, /) -> dict[str, Any]:
    """Hold an API against GPUs for two shapes of request: the Compare page's answer.

    Parameters
    ----------
    scenario
        A :class:`Scenario`, or a link, or the part of one after its question mark.

    Examples
    --------
    >>> answer = compare("v=1&as_of=2026-11-21&model=llama-3.3-70b")
    >>> [shape["prompt_tokens"] for shape in answer["shapes"]]
    [4000, 64]
    """
    if not isinstance(scenario, str):
        from breakeven.question.link import encode

        scenario = encode(scenario)
    return _answer("compare", scenario=scenario)


def rank(model: str | None = None, **options: Any) -> dict[str, Any]:
    """Rank the deployments of a model for one shape of request, cheapest first.

    Parameters
    ----------
    model
        Id of a model, or ``"all"``; left out where ``config`` or ``scenario`` says it.
    **options
        ``prompt`` and ``completion`` [tokens], ``ttft`` and ``tpot`` (targets) [s], ``gpu``, ``gpus``,
        ``precision``, ``requests_per_second``, ``as_of``, ``top`` … : ``breakeven rank --help`` lists them.

    Returns
    -------
    dict
        ``deployments`` (a row each, ready for ``pandas.DataFrame``), ``chosen``, ``recommendation`` …

    Examples
    --------
    >>> answer = rank("llama-3.1-8b", prompt=512, completion=64, as_of="2026-11-21", top=3)
    >>> [row["rank"] for row in answer["deployments"]]
    [1, 2, 3]
    """
    return _answer("rank", model=model, **options)


def plan(file: str | PathLike[str], **options: Any) -> dict[str, Any]:
    """How many replicas a file's own arrivals need, by replaying them (needs the extra ``replay``).

    Parameters
    ----------
    file
        A file with the time of each request.
    **options
        ``model``, ``gpu``, ``gpus`` (of a replica), ``ttft`` and ``tpot`` (targets) [s], ``percentile`` …

    Examples
    --------
    Two requests, ten seconds apart, need one replica:

    >>> import pathlib, tempfile
    >>> trace = pathlib.Path(tempfile.mkdtemp(), "trace.csv")
    >>> _ = trace.write_text("ts,model,input_tokens,output_tokens\\n"
    ...     "2026-11-01T10:00:00Z,gpt-4o,900,100\\n2026-11-01T10:00:10Z,gpt-4o,900,100\\n")
    >>> plan(trace, model="llama-3.1-8b", gpu="h100-sxm", ttft=2, as_of="2026-11-21")["replicas"]
    1
    """
    return _answer("plan", file, **options)


def train(goal: str = "pretrain", **options: Any) -> dict[str, Any]:
    """What pre-training or tuning a model costs.

    Parameters
    ----------
    goal
        ``pretrain``, ``tune`` or ``tune-or-prompt``.
    **options
        ``model`` or ``params``, ``tokens``, ``gpu``, ``gpus``, ``mfu``, ``days`` …

    Examples
    --------
    6 · 7e9 · 1e12 FLOP (Kaplan et al., 2020, section 2.1: 6 N D):

    >>> train(params=7e9, tokens=1e12, gpu="h100-sxm", as_of="2026-11-21")["flop"]
    4.2e+22
    """
    return _answer("train", goal, **options)


def estimate(model: str, gpu: str, **options: Any) -> dict[str, Any]:
    """Time and price one deployment of a model.

    Parameters
    ----------
    model, gpu
        Ids of the tables.
    **options
        ``prompt`` and ``completion`` [tokens], ``batch``, ``gpus``, ``precision``, ``usd_per_hour`` …

    Returns
    -------
    dict
        ``ttft_s`` and ``tpot_s`` [s] with their ranges, ``tokens_per_s``, ``usd_per_1k_prompt`` …

    Examples
    --------
    Llama 2 70B in fp16 on two A100:

    >>> answer = estimate("llama-2-70b", "a100-80-sxm", gpus=2, prompt=512, completion=512, usd_per_hour=4.42)
    >>> round(answer["weights_bytes"] / 1e9)  # 68.98e9 parameters of two bytes
    138
    """
    return _answer("estimate", model=model, gpu=gpu, **options)


def tables_on(day: date | str) -> dict[str, DataFrame]:
    """Every table as a DataFrame, prices as they were in force on a day.

    ``data/schema.sql`` says what each column holds, with its unit.

    Examples
    --------
    >>> offers = tables_on("2026-11-21")["api_prices"]
    >>> bool((offers["valid_from"].dt.date <= date(2026, 11, 21)).all())
    True
    """
    from breakeven.tables.build import open_memory
    from breakeven.tables.day import frames_on

    return frames_on(open_memory(), date.fromisoformat(day) if isinstance(day, str) else day)


def _answer(command: str, *words: str | PathLike[str], **options: Any) -> dict[str, Any]:
    """Ask a command; a refusal is a ValueError with the command's own sentence."""
    from breakeven.cli import parser
    from breakeven.question.arguments import BadInput, Said

    flags = [
        flag
        for name, value in options.items()
        if value is not None and value is not False
        for flag in [_flag(name, value)]
    ]
    try:
        texts = [fspath(word) for word in words]
        asked = parser().parse_args([command, *flags, "--json", *(["--", *texts] if texts else [])])
        said: Said = asked.command(asked)
    except BadInput as problem:
        raise ValueError(str(problem)) from None
    return said.program()


def _flag(name: str, value: Any) -> str:
    """One option as the command line writes it."""
    flag = f"--{name.replace('_', '-')}"
    if value is True:
        return flag
    if isinstance(value, (list, tuple)):
        value = _commas(value)
    return f"{flag}={value!r}" if isinstance(value, float) else f"{flag}={value}"


def _commas(values: Sequence[object]) -> str:
    return ",".join(map(str, values))
