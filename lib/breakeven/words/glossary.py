"""What the words mean, once: for the tooltips of every page and the list on the page Method."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

GLOSSARY: Mapping[str, str] = MappingProxyType(
    {
        "prefill": "reading the prompt, all its tokens at once",
        "decode": "writing the completion, one token at a time",
        "KV cache": "keys and values of earlier tokens, kept in GPU memory so as not to be computed again",
        "TTFT": "time to first token, from sending the prompt to the first token of the answer",
        "TPOT": "time per output token after the first; 50 ms are 20 tokens per second for each reader",
        "batch": "sequences that are decoded together; one read of the weights serves all of them",
        "busy": "share of the rented time in which a replica works; idle hours are paid as well",
        "replica": "the GPUs that hold one copy of the model together",
        "shape": "tokens of one request: how many in, how many out, how many of those in from a cache",
        "compute-bound": "limited by arithmetic; a faster memory would not help",
        "bandwidth-bound": "limited by reading memory; more arithmetic units would not help",
        "roofline": "the rate that arithmetic and memory allow, by how much work is done for each byte read",
        "MFU": "share of the peak arithmetic rate that is reached",
        "MBU": "share of the peak memory bandwidth that is reached",
        "all-reduce": "the sum over GPUs that tensor parallelism needs twice in every layer",
        "data-parallel attention": "each GPU attends to sequences of its own, the experts are spread "
        "over all of them (DP); in tensor parallelism every layer is (TP)",
        "continuous batching": "a finished sequence makes room for the next prompt at once",
        "static batch": "one batch is read and written to its end before the next one begins",
        "disaggregated": "some replicas only read prompts, others only write completions",
        "mixture of experts": "a model of which each token meets only a few parts (MoE)",
        "GQA": "grouped-query attention: several query heads share one key and value head",
        "MLA": "multi-head latent attention: one compressed vector stands for all keys and values",
        "MHA": "multi-head attention: every query head has a key and value head of its own",
        "fp8": "numbers of 8 bits; fp16 and bf16 have 16, fp4 has 4",
        "cached tokens": "part of a prompt that was sent before: billed less, and not computed again",
        "batch work": "requests that may wait for hours, at a lower price",
        "reasoning tokens": "completion tokens that a model writes for itself before its answer; billed",
        "on-demand": "rented by the hour without a commitment",
        "spot": "rented at a lower price, and taken away when somebody else pays more",
        "break-even": "where self-hosting and the API cost the same",
    }
)
"""Words and their meanings, from the common to the special."""

SERVING = ("prefill", "decode", "KV cache", "TTFT", "TPOT", "batch")
"""Words of every answer about a deployment."""


def meaning(word: str) -> str:
    """What one word means, as a sentence.

    >>> meaning("prefill")
    'Reading the prompt, all its tokens at once.'
    """
    text = GLOSSARY[word]
    return f"{text[0].upper()}{text[1:]}."


def explained(*words: str) -> str:
    """Several words with their meanings, as Markdown for a tooltip."""
    return "  \n".join(f"**{word}**: {GLOSSARY[word]}" for word in words)
