from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "EVALKIT_EXTERNAL_DATA"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of third-party data, which is no part of the project."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        pytest.skip(f"{VARIABLE} is not set; it names the folder with the third-party data")
    return Path(folder)
