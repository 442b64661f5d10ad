from __future__ import annotations

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, str]:
    # Each row stands a little to the right of the one above it: a key touches two keys below (its own column and the
    # one before) and two above (its own column and the next).
    touching: dict[str, str] = {}
    for row, keys in enumerate(_ROWS):
        for column, key in enumerate(keys):
            around = [(row, column - 1), (row, column + 1)]
            around += [(row + 1, column - 1), (row + 1, column), (row - 1, column), (row - 1, column + 1)]
            touching[key] = "".join(_ROWS[y][x] for y, x in around if 0 <= y < len(_ROWS) and 0 <= x < len(_ROWS[y]))
    return touching


NEIGHBOURS: dict[str, str] = _neighbours()
"""Letter → the letters whose keys touch its own on a US QWERTY keyboard; lower case."""
