"""Time prefill and decode of a model's shape on the GPU at hand."""
