"""Small generated datasets for the local Hub; see README.md."""
