"""What a function needs to do any work: time and memory. The console's defaults, 3 seconds and 128 MB, are too little."""

from __future__ import annotations

from typing import Any

from ..errors import ConfigurationError, NotSetUpError
from ..lake import Lake

# The deadline's margin (20 s) is kept for the last steps; the work needs at least as much again.
LEAST_MARGINS = 2
LEAST_MEMORY_MB = 256

FIX = "on the function's Configuration, General configuration, set the timeout to 15 minutes and the memory to 512 MB"


def require(lake: Lake, context: Any) -> None:
    """Raise ConfigurationError where this invocation, just begun, can't come to an end."""
    if problem := _problem(lake, context):
        raise ConfigurationError(f'{problem}: {FIX}, then run {{"action": "drain"}} for what waits in the inbox')


def describe(lake: Lake, context: Any) -> str:
    """Seconds left and memory; raises NotSetUpError where it is too little."""
    if problem := _problem(lake, context):
        raise NotSetUpError(problem)
    return f"{_seconds(context):.0f} s left of its time, {_memory_mb(context)} MB"


def _problem(lake: Lake, context: Any) -> str | None:
    seconds, memory = _seconds(context), _memory_mb(context)
    least = LEAST_MARGINS * lake.config.deadline_margin_seconds
    if seconds < least or memory < LEAST_MEMORY_MB:
        return f"the function has {seconds:.0f} s and {memory} MB, and needs at least {least:.0f} s and {LEAST_MEMORY_MB} MB"
    return None


def _seconds(context: Any) -> float:
    return float(context.get_remaining_time_in_millis()) / 1000


def _memory_mb(context: Any) -> int:
    return int(context.memory_limit_in_mb)
