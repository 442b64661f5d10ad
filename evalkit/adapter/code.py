"""Load Python by its path. That executes it, so only from the shipped folder and folders that the user named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from evalkit.errors import AdapterError
from evalkit.python_file import PythonFileError, execute


def load_module(path: Path) -> ModuleType:
    """Execute a file as a module under a private name; the same file is executed again only when it was edited.

    Args:
        path: An existing Python file.

    Raises:
        AdapterError: If it cannot be read, or fails while it is executed.
    """
    if path.suffix != ".py":
        raise AdapterError(f"{path}: found no Python file, expected a name that ends in .py")
    try:
        return execute(path, path.read_bytes())
    except OSError as error:
        raise AdapterError(f"{path}: cannot be read: {error.strerror}") from error
    except PythonFileError as error:
        raise AdapterError(f"{path}: cannot be loaded: {error}") from error


def find_beside(name: str, folders: Sequence[Path]) -> Path:
    """Find the Python file that a card names.

    Args:
        name: As the card has it: `openai-chat` is `openai_chat.py`.
        folders: Where to look, the card's own folder first.

    Raises:
        AdapterError: If no folder has it.
    """
    file = f"{name.replace('-', '_')}.py"
    for folder in folders:
        if (folder / file).is_file():
            return folder / file
    places = ", ".join(str(folder) for folder in folders)
    raise AdapterError(f"no dialect or program {name!r}: found no {file} in {places}")


def require_permission(path: Path, code_folders: Sequence[Path]) -> None:
    """Refuse Python that nobody allowed to run.

    Args:
        path: The file that would be executed.
        code_folders: Folders whose Python may run.

    Raises:
        AdapterError: If the file lies directly in none of them.
    """
    allowed = {folder.resolve() for folder in code_folders}
    if path.resolve().parent not in allowed:
        raise AdapterError(f"{path}: is Python from a folder that you have not named; add --adapters {path.parent}")
