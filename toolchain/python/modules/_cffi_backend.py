# SPDX-License-Identifier: MIT
"""cffi in builds: it writes C, for which its back end of plain Python does. The other is built for the board."""

import sys

from cffi import __version__
from cffi.backend_ctypes import CTypesBackend

_backend = CTypesBackend()
_backend.__version__ = __version__
sys.modules[__name__] = _backend
