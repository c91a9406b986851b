"""The generators of the sample datasets: one function a dataset, the same bytes each time."""
