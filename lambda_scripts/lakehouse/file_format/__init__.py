"""What a raw file's first lines tell about how to read it. Knows nothing of AWS.

Others import it from here only: `inspect` above all.
"""

from .inspection import FileFormat as FileFormat
from .inspection import Source as Source
from .inspection import inspect as inspect
from .keys import require_readable as require_readable
from .text import FIRST_RANGE_BYTES as FIRST_RANGE_BYTES
