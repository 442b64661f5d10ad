"""Which adapters there are: cards in folders, and cards that installed packages publish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar

from evalkit.adapter.card import Card, card_from, read_card
from evalkit.adapter.code import find_beside, load_module, require_permission
from evalkit.adapter.wire import MISSHAPEN, Dialect, Reply, ReplyError, Request
from evalkit.aside import aside
from evalkit.content import shipped
from evalkit.errors import AdapterError, EvalkitError, did_you_mean
from evalkit.trial import Call, Response

_Given = TypeVar("_Given")

GROUP = "evalkit.adapters"
"""The entry point group in which packages publish adapters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundCard:
    """A card with where it came from."""

    card: Card
    source: str
    """The card's file, or `entry point NAME (package.module)`."""
    folder: Path | None
    """The card file's folder; None for an entry point."""
    published: Any = None
    """What an entry point names: the object with `CARD`, `build` and `parse`."""


@cache
def installed_adapters() -> tuple[EntryPoint, ...]:
    """The adapters that packages publish which were installed when this was first asked, not loaded yet."""
    return tuple(entry_points(group=GROUP))


def find_cards(folders: Sequence[Path], *, installed: Iterable[EntryPoint] | None = None) -> dict[str, FoundCard]:
    """Read every card there is.

    Args:
        folders: Where to look for `*.toml`.
        installed: Entry points; those of the installed packages when None.

    Returns:
        Cards by name, sorted.

    Raises:
        AdapterError: If a card is wrong, or two have the same name.
    """
    found = [
        FoundCard(card=_card(path, _state(path)), source=str(path), folder=folder)
        for folder in dict.fromkeys(folder.resolve() for folder in folders)
        for path in sorted(folder.glob("*.toml"))
    ]
    found += [_published(entry) for entry in (installed_adapters() if installed is None else installed)]
    cards: dict[str, FoundCard] = {}
    for one in sorted(found, key=lambda one: one.card.name):
        other = cards.setdefault(one.card.name, one)
        if other is not one:
            raise AdapterError(
                f'two adapters are named "{one.card.name}": {other.source} and {one.source}. Rename one of them.'
            )
    return cards


def _state(path: Path) -> tuple[int, ...]:
    """Another one as soon as the file was written to."""
    try:
        found = path.stat()
    except OSError:  # whoever reads it says what is wrong
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=256)
def _card(path: Path, _: tuple[int, ...]) -> Card:
    """A card as its file says; every model that is opened looks through all of them."""
    return read_card(path)


def _published(entry: EntryPoint) -> FoundCard:
    source = f"entry point {entry.name} ({entry.value})"
    try:
        with aside():
            published = entry.load()
        data = published.CARD
    except (Exception, SystemExit) as error:  # a stranger's package may fail in any way while it is imported
        raise AdapterError(f"{source}: cannot be loaded: {type(error).__name__}: {error}") from error
    card = card_from(data, source=source)
    if card.name != entry.name:
        raise AdapterError(f'{source}: its card is named "{card.name}", expected "{entry.name}"')
    if card.transport != "http":
        raise AdapterError(f'{source}: found transport "{card.transport}", expected "http"')
    return FoundCard(card=card, source=source, folder=None, published=published)


def split_name(name: str, cards: Mapping[str, FoundCard]) -> tuple[FoundCard, str]:
    """Read a model's name, `PROVIDER/MODEL` or `PROVIDER:MODEL`.

    Returns:
        The provider's card, and the model's name, which may hold more slashes and colons.

    Raises:
        AdapterError: If the provider is unknown or the model is not named.
    """
    ends = [place for place in (name.find("/"), name.find(":")) if place >= 0]
    provider = name[: min(ends)] if ends else name
    model = name[len(provider) + 1 :]
    if not ends and provider not in cards:
        raise AdapterError(
            f'model "{name}": expected PROVIDER/MODEL, such as openai/NAME; `evalkit models` lists the providers'
        )
    if provider not in cards:
        raise AdapterError(f'model "{name}": no adapter "{provider}". {did_you_mean(provider, cards)}')
    if not model.strip():
        raise AdapterError(f'model "{name}": expected PROVIDER/MODEL, such as {provider}/NAME')
    return cards[provider], model


def dialect_of(found: FoundCard, code_folders: Sequence[Path]) -> Dialect:
    """Load the wire format that a card names.

    Args:
        found: The card.
        code_folders: Folders whose Python may run, besides the shipped one.

    Raises:
        AdapterError: If it is not there, may not run, or is not a dialect.
    """
    name = found.card.dialect
    loaded: Any = found.published if found.folder is None else beside_card(found, name, code_folders)
    dialect: Dialect = loaded.for_card(found.card) if hasattr(loaded, "for_card") else loaded
    for function in ("build", "parse"):
        if not callable(getattr(dialect, function, None)):
            raise AdapterError(f'{found.source}: dialect "{name}" has no function {function}')
    code = Path(getattr(loaded, "__file__", None) or "")
    return dialect if code.parent.resolve() == shipped("adapters").resolve() else _Strangers(dialect, found)


class _Strangers:
    """A dialect that is not evalkit's own: that it fails is no defect of evalkit, and says whose it is."""

    def __init__(self, dialect: Dialect, found: FoundCard) -> None:
        self._dialect = dialect
        self._who = f'{found.source}: dialect "{found.card.dialect}"'

    def build(self, call: Call, model: str, address: str) -> Request:
        """As the dialect; whatever it raises ends the run."""
        try:
            built: Any = self._dialect.build(call, model, address)
        except EvalkitError:
            raise
        except (Exception, SystemExit) as error:
            raise self._failure("build", error) from error
        return self._checked("build", built, Request)

    def parse(self, reply: Reply) -> Response:
        """As the dialect; what tells of a reply of another shape is let through."""
        try:
            read: Any = self._dialect.parse(reply)
        except (EvalkitError, ReplyError, *MISSHAPEN):
            raise
        except (Exception, SystemExit) as error:
            raise self._failure("parse", error) from error
        return self._checked("parse", read, Response)

    def _failure(self, function: str, error: BaseException) -> AdapterError:
        return AdapterError(f"{self._who}: {function} failed: {type(error).__name__}: {error}. Mend it there")

    def _checked(self, function: str, given: Any, expected: type[_Given]) -> _Given:
        if not isinstance(given, expected):
            found = type(given).__name__
            raise AdapterError(f"{self._who}: {function} gave {found}, expected a {expected.__name__}. Mend it there")
        return given


def beside_card(found: FoundCard, name: str, code_folders: Sequence[Path]) -> Any:
    """Load a Python file that a card names: from the card's folder, else from the shipped one.

    Args:
        found: A card that came from a file.
        name: As the card has it.
        code_folders: Folders whose Python may run, besides the shipped one.

    Raises:
        AdapterError: If it is not there, may not run, or fails while it is loaded.
    """
    own = [found.folder] if found.folder is not None else []
    try:
        path = find_beside(name, [*own, shipped("adapters")])
    except AdapterError as error:
        raise AdapterError(f"{found.source}: {error}") from error
    require_permission(path, [*code_folders, shipped("adapters")])
    return load_module(path)
