"""What one unit of a file's volume is: a share, a lot or a thousand."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .columns import Binding, letters

LOTS = {
    frozenset({"ts_code", "vol"}): 100,  # Tushare
    frozenset({"trade_date", "vol", "amount"}): 100,  # Tushare's daily table without its ts_code
    frozenset({"price_change", "p_change", "volume"}): 100,  # Tushare's get_hist_data, whose turnover is a rate
    frozenset({"Gmt time", "Volume"}): 1000,  # Dukascopy
    frozenset({"Local time", "Volume"}): 1000,  # Dukascopy
}
"""Columns that together tell a source whose volume counts lots of so many shares."""

# By the ratio of an amount of money to volume times price: how many shares a unit of the volume is. The money may stand in
# thousands (Tushare) or ten thousands.
_RATIOS = {1.0: 1, 100.0: 100, 1000.0: 1000, 0.1: 100, 0.001: 1, 0.01: 100, 0.0001: 1}
_UNSETTLED = "volume as it stands, though amounts are {:g} times close × volume"
_TOLERANCE = 0.12
"""How far an average price may be from the close: within a day's range."""


class Unit(NamedTuple):
    """`factor` times a volume is a number of shares."""

    factor: float
    assumed: str | None = None


def of_volume(names: Sequence[str], binding: Binding, trades: Iterable[tuple[float, float, float]]) -> Unit:
    """The unit of the volumes; `trades` are closes, volumes and amounts of money of some rows.

    What the name of the column says holds. Else amounts tell whether volumes are lots, and where there are none, the source.
    """
    if binding.factor is not None:
        return Unit(binding.factor)
    lot = binding.lot
    for columns, of_source in LOTS.items():
        if {letters(name) for name in columns} <= set(map(letters, names)):
            lot = of_source
    ratios = [amount / (close * volume) for close, volume, amount in trades if close > 0 and volume > 0 and amount > 0]
    ratio = _nominal(statistics.median(ratios)) if ratios else None
    if lot == 1:
        # Amounts in thousands and volumes in lots are the custom of few sources: only their own names speak for them.
        if ratio == 100.0:
            return Unit(100.0, "volume in lots of 100, by its amounts of money")
        return Unit(1.0, _UNSETTLED.format(ratio) if ratio in (0.1, 1000.0) else None)
    if ratio is not None:
        return Unit(float(_RATIOS[ratio]))
    return Unit(float(lot), f"volume in lots of {lot:,}")


def _nominal(ratio: float) -> float | None:
    return next((nominal for nominal in _RATIOS if abs(ratio / nominal - 1) < _TOLERANCE), None)
