"""Benchmarks: `make bench`.  Ratios in one run, CPU time and queries first."""
