"""What is served: the datasets' records, the answers, and the assets."""
