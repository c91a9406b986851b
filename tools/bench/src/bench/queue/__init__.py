"""`python -m bench queue`: what a claim costs, how soon a job is noticed, and whether everybody gets a turn."""
