"""What gates, comparisons and choices say, as plain values that reports render; `as_json` gives the published shape."""
