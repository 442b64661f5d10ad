"""Two runs side by side: which differences are shown, and which items flipped."""

from evalkit.compare.comparison import compare_runs

__all__ = ["compare_runs"]
