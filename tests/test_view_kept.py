from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

from evalkit.view.kept import Kept


class Reader:
    """Reads numbers, and notes what was read and let go of."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.gone: list[str] = []

    def value(self, kept: Kept[str], key: str, state: object = 0) -> str:
        def read() -> str:
            sleep(0.01)
            self.read.append(key)
            return f"{key}{len(self.read)}"

        with kept.slot(key) as slot:
            return slot.value(state, read)


def test_it_is_read_once_however_many_want_it() -> None:
    reader, kept, barrier = Reader(), Kept[str](2), Barrier(8)

    def want(_: int) -> str:
        barrier.wait()
        return reader.value(kept, "a")

    with ThreadPoolExecutor(8) as pool:
        assert ["a1"] * 8 == list(pool.map(want, range(8)))


def test_another_state_is_read_anew() -> None:
    reader = Reader()
    kept = Kept[str](2, discard=reader.gone.append)
    assert ["a1", "a1", "a2"] == [reader.value(kept, "a", state) for state in (0, 0, 1)]
    assert ["a1"] == reader.gone


def test_those_that_were_wanted_last_stay() -> None:
    reader = Reader()
    kept = Kept[str](2, discard=reader.gone.append)
    for key in "abac":
        reader.value(kept, key)
    assert ["b2"] == reader.gone
    kept.clear()
    assert ["b2", "a1", "c3"] == reader.gone
