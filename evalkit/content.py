"""Find the files that ship with evalkit: suites and adapters.

In a wheel they lie in `evalkit/_content/<kind>`; in a checkout, beside the package. A user's project adds to them with
folders of the same names in the current directory. They are files that the engine reads, never import packages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Kind = Literal["adapters", "suites", "reports"]

_PACKAGE = Path(__file__).resolve().parent


def shipped(kind: Kind) -> Path:
    """The folder of one kind of content that came with this installation.

    Raises:
        FileNotFoundError: If the installation lacks it; reinstall evalkit.
    """
    installed = _PACKAGE / "_content" / kind
    if installed.is_dir():
        return installed
    # Only a checkout has pyproject.toml beside the package: a broken wheel must not read a stranger's
    # site-packages/suites.
    beside = _PACKAGE.parent
    if (beside / "pyproject.toml").is_file() and (beside / kind).is_dir():
        return beside / kind
    raise FileNotFoundError(f"this installation of evalkit has no folder {kind!r}; reinstall evalkit")


def folders(kind: Kind, *, project: Path | None = None) -> list[Path]:
    """Where to look for content of one kind: the user's project first, then what was shipped.

    Args:
        kind: Which content.
        project: The user's project; the current directory when None.
    """
    own = (project or Path.cwd()) / kind
    found = [own] if own.is_dir() else []
    if not any(folder.samefile(shipped(kind)) for folder in found):
        found.append(shipped(kind))
    return found
