"""Ability against size: what a ladder of models shows. Pure but for reading tables; runs are read in the engine."""

from evalkit.scale.ability import Question, find_ability
from evalkit.scale.from_table import read_series
from evalkit.scale.points import SIZES, Against, Mean, Point, Series, Size, read_size, shown_size, sizes_given
from evalkit.scale.result import Ability
from evalkit.scale.scale import Scale, find_scale

__all__ = [
    "SIZES",
    "Ability",
    "Against",
    "Mean",
    "Point",
    "Question",
    "Scale",
    "Series",
    "Size",
    "find_ability",
    "find_scale",
    "read_series",
    "read_size",
    "shown_size",
    "sizes_given",
]
