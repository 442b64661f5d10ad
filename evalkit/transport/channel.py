"""The one seam to the world: a channel sends a request and gives the reply."""

from __future__ import annotations

from typing import Protocol

from evalkit.adapter.wire import Reply, Request

SHORTEST_SECRET = 8
"""Characters of a key from which on it is masked in replies: a shorter one may be part of any word of an answer."""


class Channel(Protocol):
    """A server, a program in this process, or a process per call."""

    async def send(self, request: Request) -> Reply:
        """Send once.

        Raises:
            ReplyError: If nothing came back that could be called a reply.
        """

    async def close(self) -> None:
        """Let go of connections."""
