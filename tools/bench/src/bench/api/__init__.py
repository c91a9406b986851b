"""`python -m bench api`: what an answer costs, beside the same bytes from memory and the driver's bare reads."""
