"""The benchmarks. Each prints a table of what it measured beside what it is compared with, in one run."""
