"""The one seam to the world: a channel sends a request and gives the reply."""

from __future__ import annotations

from typing import Protocol

from evalkit.adapter.wire import Reply, Request


class Channel(Protocol):
    """A server, a program in this process, or a process per call."""

    async def send(self, request: Request) -> Reply:
        """Send once.

        Raises:
            ReplyError: If nothing came back that could be called a reply.
        """

    async def close(self) -> None:
        """Let go of connections."""
