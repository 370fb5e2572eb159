"""Price my workload: what a usage file costs elsewhere."""
