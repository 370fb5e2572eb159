"""Replay: a trace of requests, step by step through continuous batching, at the cost of its events only."""
