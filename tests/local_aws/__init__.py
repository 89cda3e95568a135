"""An AWS account inside one process: moto's S3, Glue, Lambda and Athena APIs, with behind them what moto only fakes.

Open one with `LocalAccount`, or from a shell with `python -m tests.local_aws`.
"""

from .account import LocalAccount

__all__ = ["LocalAccount"]
