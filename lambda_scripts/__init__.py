"""The two Lambda handlers and the package that they share; zipped with `sql/` into one upload."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - said before a module is imported that an older Python can't read
    version = ".".join(map(str, sys.version_info[:2]))
    raise RuntimeError(f"the function's runtime is Python {version}: choose python3.12 or newer in its Runtime settings")
