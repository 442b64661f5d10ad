"""Libraries as providers: a file beside a card opens one, and its replies are read like a server's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from evalkit.adapter.catalogue import FoundCard, beside_card
from evalkit.adapter.wire import Reply, ReplyError, Request
from evalkit.aside import aside
from evalkit.errors import AdapterError, EvalkitError
from evalkit.transport.channel import SHORTEST_SECRET, Channel

_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS)$", re.I)


def require_library(name: str, *, extra: str) -> None:
    """Refuse to go on without a library; does not import it.

    Args:
        name: As it is imported.
        extra: The extra of evalkit that installs it.

    Raises:
        AdapterError: If it is not installed.
    """
    if find_spec(name) is None:
        raise AdapterError(f"found no library {name}, expected it to be installed: pip install 'evalkit[{extra}]'")


def library_channel(
    found: FoundCard,
    model: str,
    *,
    timeout_s: float,
    directory: Path,
    code_folders: Sequence[Path],
    environment: Mapping[str, str],
) -> Channel:
    """Open the library that a card's program knows.

    Args:
        found: A card with transport `library`.
        model: Without the provider.
        timeout_s: For one attempt.
        directory: Where files that the model's name means are looked for.
        code_folders: Folders whose Python may run besides the shipped one.
        environment: Where the library finds its keys, which its errors may quote.

    Raises:
        AdapterError: If the program has no function `channel`, or its library is not installed.
    """
    assert found.card.program is not None
    program = beside_card(found, found.card.program, code_folders)
    function = getattr(program, "channel", None)
    if not callable(function):
        raise AdapterError(f'{found.source}: program "{found.card.program}" has no function channel')
    try:
        channel: Channel = function(model, timeout_s=timeout_s, directory=directory)
    except AdapterError as error:
        raise AdapterError(f'adapter "{found.card.name}": {error}') from error
    return LibraryChannel(channel, environment)


class LibraryChannel:
    """A library's channel, held to the rules for servers: it prints nothing, and no key leaves it.

    Args:
        channel: The library's.
        environment: Where the library finds its keys.
    """

    def __init__(self, channel: Channel, environment: Mapping[str, str]) -> None:
        self._channel = channel
        named = (value.strip() for name, value in environment.items() if _SECRET.search(name))
        # Longest first: one may hold another.
        self._secrets = sorted({value for value in named if len(value) >= SHORTEST_SECRET}, key=len, reverse=True)

    def check(self, request: Request) -> None:
        """Refuse a request that could never be answered, if the library can tell.

        Raises:
            AdapterError: As the library's channel raises it.
        """
        check = getattr(self._channel, "check", None)
        if check is not None:
            with aside():
                check(request)

    async def send(self, request: Request) -> Reply:
        """Send once.

        Raises:
            ReplyError: What the channel raises; `program-error` when it fails in another way.
        """
        try:
            with aside():
                reply = await self._channel.send(request)
        except ReplyError as error:
            # What it was raised from quotes what it quotes.
            message = self._masked(str(error))
            raise ReplyError(error.reason, message, retry_after_s=error.retry_after_s) from None
        except EvalkitError:
            raise
        except Exception as error:  # a library may fail in any way
            message = f"{request.url}: {type(error).__name__}: {error}"
            raise ReplyError("program-error", self._masked(message)) from None
        body = reply.body
        for secret in self._secrets:
            body = body.replace(secret.encode(), b"[key]")
        return Reply(status=reply.status, headers=reply.headers, body=body)

    async def close(self) -> None:
        """Let go of what the library holds."""
        with aside():
            await self._channel.close()

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[key]")
        return text
