"""Which runs there are: every folder of a run that was named, or that lies in a folder that was named."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from evalkit.errors import RecordError
from evalkit.plain import printable
from evalkit.record import RUN_FILE
from evalkit.record.trials import DATABASE


class Places:
    """Finds the folders of runs, by names that are fit for an address.

    Only these names mean a folder, so that no address leads anywhere else.

    Args:
        named: Folders of runs, and folders that hold such.
        awaited: Whether one that is not there yet may come, and is empty until then.

    Raises:
        RecordError: If one is not there, is no folder, or holds no run.
    """

    def __init__(self, named: Sequence[Path], *, awaited: bool = False) -> None:
        self.named = tuple(named)
        if not awaited:
            for place in named:
                _check(place)

    @property
    def single(self) -> str | None:
        """The name of the one run that was named; None when it is not one only."""
        return next(iter(self.folders())) if len(self.named) == 1 and _is_run(self.named[0]) else None

    def folders(self) -> dict[str, Path]:
        """Every run by its name, as they lie there now."""
        found: dict[str, Path] = {}
        seen: set[Path] = set()
        for folder in self._found():
            place = folder.resolve()
            if place not in seen:
                seen.add(place)
                found[_new_name(printable(place.name), found)] = folder
        return found

    def _found(self) -> Iterator[Path]:
        for place in self.named:
            if _is_run(place):
                yield place
            else:
                yield from _runs_in(place)


def _is_run(folder: Path) -> bool:
    """Whether a folder is meant to be a run, even if it is a broken one."""
    return any(os.path.isfile(folder / name) for name in (RUN_FILE, DATABASE))


def _runs_in(place: Path) -> list[Path]:
    try:
        return sorted(folder for folder in place.iterdir() if _is_run(folder))
    except OSError:  # deleted since, or not there yet
        return []


def _check(place: Path) -> None:
    if not place.exists():
        raise RecordError(f"{place}: is not there; expected the folder of a run, or a folder of runs")
    if not place.is_dir():
        raise RecordError(f"{place}: is a file; expected the folder of a run, or a folder of runs")
    if not _is_run(place) and not _runs_in(place):
        raise RecordError(f"{place}: holds no run; expected the folder of a run, or a folder of runs")


def _new_name(name: str, taken: dict[str, Path]) -> str:
    """A name that no other folder has: of two folders of the same name the later one is `name~2`."""
    wanted, number = name, 1
    while wanted in taken:
        number += 1
        wanted = f"{name}~{number}"
    return wanted
