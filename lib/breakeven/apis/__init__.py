"""What tokens cost: the bills of shapes and of workloads, and what was paid."""
