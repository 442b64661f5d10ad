"""Reports in a browser: a server on this machine alone, which shows runs and changes nothing."""

from evalkit.view.viewer import Viewer

__all__ = ["Viewer"]
