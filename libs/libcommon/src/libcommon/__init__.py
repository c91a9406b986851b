"""What every process of the datasets server shares. As small as can be."""
