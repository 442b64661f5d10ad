"""Look at a run's trials: groups of failures, pages of trials, one trial in full, a selection that stands for all."""

from evalkit.browse.run_trials import RunTrials, open_trials

__all__ = ["RunTrials", "open_trials"]
