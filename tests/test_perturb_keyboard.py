from __future__ import annotations

import string

from evalkit.perturb.keyboard import NEIGHBOURS


def test_every_letter_has_neighbours() -> None:
    assert set(string.ascii_lowercase) == set(NEIGHBOURS)


def test_neighbourhood_is_mutual_and_never_with_oneself() -> None:
    one_sided = [(a, b) for a, near in NEIGHBOURS.items() for b in near if a not in NEIGHBOURS[b] or a == b]
    assert [] == one_sided


def test_neighbours_are_those_on_a_real_keyboard() -> None:
    known = {"q": "aw", "g": "bfhtvy", "p": "lo", "z": "asx", "m": "jkn"}
    assert known == {key: "".join(sorted(NEIGHBOURS[key])) for key in known}
