"""What was read is kept until the files change that it was read from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


@dataclass(kw_only=True)
class Slot(Generic[Value]):
    """One thing that is kept; whoever has its lock may look and replace."""

    discard: Callable[[Value], None]
    lock: Lock = field(default_factory=Lock)
    held: Value | None = None
    of: object = None
    """The state of the files that it was read from."""

    def value(self, state: object, read: Callable[[], Value]) -> Value:
        """What was read in this state, or is read now."""
        if self.held is None or self.of != state:
            self.drop()
            self.held, self.of = read(), state
        return self.held

    def drop(self) -> None:
        """Let go of it."""
        if self.held is not None:
            self.discard(self.held)
        self.held = None


class Kept(Generic[Value]):
    """The values that were wanted last, each read once however many threads want it.

    Args:
        most: How many.
        discard: What to do with one that is let go of.
    """

    def __init__(self, most: int, *, discard: Callable[[Value], None] = lambda value: None) -> None:
        self._most, self._discard = most, discard
        self._slots: OrderedDict[Any, Slot[Value]] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def slot(self, key: Any) -> Iterator[Slot[Value]]:
        """The place of one, for this thread alone during the block."""
        with self._lock:
            slot = self._slots.setdefault(key, Slot(discard=self._discard))
            self._slots.move_to_end(key)
            old = [self._slots.popitem(last=False)[1] for _ in range(len(self._slots) - self._most)]
        for each in old:
            with each.lock:
                each.drop()
        with slot.lock:
            yield slot

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            old = list(self._slots.values())
            self._slots.clear()
        for each in old:
            with each.lock:
                each.drop()
