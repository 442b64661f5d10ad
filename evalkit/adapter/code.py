"""Load Python by its path. That executes it, so only from the shipped folder and folders that the user named."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from evalkit.adapter.aside import aside
from evalkit.errors import AdapterError


def load_module(path: Path) -> ModuleType:
    """Execute a file as a module under a private name; the second time the first result is given.

    Args:
        path: An existing Python file.

    Raises:
        AdapterError: If it fails while it is executed.
    """
    resolved = path.resolve()
    # A private name cannot shadow a library, whatever the file is called.
    name = f"_evalkit_{resolved.stem}_{hashlib.sha256(str(resolved).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, resolved)
    if spec is None or spec.loader is None:
        raise AdapterError(f"{path}: found no Python file, expected a name that ends in .py")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up while it is still being executed.
    sys.modules[name] = module
    try:
        with aside():
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script may end in sys.exit()
        del sys.modules[name]
        raise AdapterError(f"{path}: cannot be loaded: {type(error).__name__}: {error}") from error
    return module


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
