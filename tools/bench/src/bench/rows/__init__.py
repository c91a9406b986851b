"""`python -m bench rows`: what the first rows of a dataset cost, beside the `datasets` library."""
