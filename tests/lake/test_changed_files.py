"""Files that come again, corrected, spoilt, shorter or empty, or that go; and files that give the same days as others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.lakes import Lake, Rows, act, csv, day, opened
from tests.local_aws.account import EngineName

AAPL = csv(day("2016-01-04", 100), day("2016-01-05", 110), day("2016-02-01", 99))

# No other file has days in the months that lose all their rows: its change would rewrite them as well.
CHANGES: tuple[dict[str, str | None], ...] = (
    {
        "SAME.csv": AAPL,
        "CORR.csv": AAPL,
        "FEW.csv": csv(day("2013-01-04", 100), day("2013-01-07", 110), day("2013-02-01", 99)),
        "EMPT.csv": csv(day("2014-03-04", 100), day("2014-03-05", 110)),
        "GONE.csv": csv(day("2012-01-04", 100), day("2012-01-05", 110)),
        "SPOI.csv": AAPL,
        "WINS/old.csv": csv(day("2016-01-04", 100), day("2016-01-05", 110)),
        "BACK/old.csv": csv(day("2016-01-04", 100), day("2016-01-05", 110)),
        "BACK/2017.csv": csv(day("2015-12-31", 90), day("2017-01-05", 110)),
        "BAK/old.csv": csv(day("2016-01-04", 100), day("2016-01-05", 110)),
        "REJ/old.csv": csv(day("2016-01-05", 110), day("2016-01-07", 130)),
        "BACKS.csv": csv(day("2016-01-04", 100), day("2016-01-05", 110)),
        "SUP/1.csv": csv(day("2016-01-05", 110)),
        "AGN/1.csv": csv(day("2016-01-05", 110)),
    },
    {
        "SAME.csv": AAPL,
        "CORR.csv": AAPL.replace("110", "111"),
        "FEW.csv": csv(day("2013-01-07", 110)),
        "EMPT.csv": csv(),
        "GONE.csv": None,
        "SPOI.csv": "garbage",
        "WINS/new.csv": csv(day("2016-01-05", 120)),
        "BACK/2017.csv": csv(day("2017-01-05", 110)),
        "BACK/new.csv": csv(day("2016-01-05", 120), day("2016-01-06", 121)),
        "BAK/new.csv": csv(day("2016-01-05", 120), day("2016-01-06", 121)),
        "REJ/new.csv": csv(day("2016-01-05", 120), day("2016-01-06", 121)),
        "SUP/2.csv": csv(day("2016-01-05", 120), day("2016-01-06", 121)),
        "AGN/2.csv": csv(day("2016-01-05", 120)),
    },
    {
        "SPOI.csv": csv(day("2016-01-05", 111)),
        "WINS/old.csv": csv(day("2016-01-05", 130)),
        "BACK/new.csv": None,
        "BAK/new.csv": csv(day("2016-01-06", 121)),
        "REJ/new.csv": csv("2016-01-05,1,2,0,,,5", day("2016-01-06", 121), "2016-01-07,1,2,0,,,5"),
        "AGN/1.csv": csv(day("2016-01-05", 110)),
    },
)
FEBRUARY = "processed/stocks/year=2016/month=02/"


@dataclass(frozen=True)
class State:
    """What one sees of a lake."""

    prices: Rows
    monthly: Rows
    yearly: Rows
    loads: Rows
    files_of_february: list[str]

    def of(self, symbol: str) -> list[Rows]:
        """The symbol's rows in each table."""
        return [[row for row in table if row["symbol"] == symbol] for table in (self.prices, self.monthly, self.yearly)]

    def closes(self, symbol: str) -> dict[str | None, str | None]:
        """The close of each day."""
        return {row["trade_date"]: row["close"] for row in self.of(symbol)[0]}

    def last_closes(self, symbol: str) -> dict[str | None, str | None]:
        """The close that is reported for each month."""
        return {row["month"]: row["close_price"] for row in self.of(symbol)[1]}

    def load_of(self, key: str) -> dict[str, str | None]:
        (load,) = [row for row in self.loads if row["source"] == key]
        return load


@dataclass(frozen=True)
class Changed:
    """A lake, and what it was after the first drop, after the changes, and after more of them.

    At the end an operator had a file loaded again, when nobody read superseded data files any more.
    """

    lake: Lake
    first: State
    second: State
    third: State
    end: State


@pytest.fixture(scope="module")
def changed(engine: EngineName) -> Iterator[Changed]:
    with opened(engine) as lake, pytest.MonkeyPatch.context() as patch:

        def state() -> State:
            return State(lake.processed(), lake.monthly(), lake.yearly(), lake.loads(), lake.keys(FEBRUARY))

        states = []
        for changes in CHANGES:
            lake.drop_in_one_event(changes)
            states.append(state())
            lake.later()
        patch.setenv("LAKE_RETENTION_SECONDS", "0")
        act(lake, action="reprocess", prefix="raw/stocks/SUP/1")
        lake.settle()
        first, second, third = states
        yield Changed(lake, first, second, third, state())


def test_a_file_dropped_twice_gives_its_rows_once(changed: Changed) -> None:
    assert len(changed.first.closes("SAME")) == 3
    assert changed.first.of("SAME") == changed.second.of("SAME")


def test_a_corrected_file_replaces_its_rows(changed: Changed) -> None:
    assert changed.second.closes("CORR") == {"2016-01-04": "100.0", "2016-01-05": "111.0", "2016-02-01": "99.0"}
    assert changed.second.last_closes("CORR") == {"01": "111.0", "02": "99.0"}


def test_a_file_with_fewer_rows_than_before_takes_the_others_out(changed: Changed) -> None:
    assert changed.first.last_closes("FEW") == {"01": "110.0", "02": "99.0"}
    assert changed.second.closes("FEW") == {"2013-01-07": "110.0"} and changed.second.last_closes("FEW") == {"01": "110.0"}


def test_a_month_that_ends_empty_is_empty(changed: Changed) -> None:
    assert "2014" in {row["year"] for row in changed.first.prices}
    assert "2014" not in {row["year"] for table in ("prices", "monthly", "yearly") for row in getattr(changed.second, table)}
    assert changed.second.load_of("EMPT.csv")["rows"] == "0"


def test_a_deleted_file_takes_its_rows_out(changed: Changed) -> None:
    assert changed.first.closes("GONE") and changed.second.of("GONE") == [[], [], []]
    assert changed.second.load_of("GONE.csv")["status"] == "removed"


def test_a_refused_version_leaves_the_rows_of_the_one_before(changed: Changed) -> None:
    assert changed.second.load_of("SPOI.csv")["status"] == "refused"
    assert changed.first.of("SPOI") == changed.second.of("SPOI")
    assert changed.third.closes("SPOI") == {"2016-01-05": "111.0"}


def test_of_two_sources_with_the_same_day_the_newest_wins(changed: Changed) -> None:
    assert changed.second.closes("WINS") == {"2016-01-04": "100.0", "2016-01-05": "120.0"}
    assert changed.third.closes("WINS") == {"2016-01-05": "130.0"}
    assert changed.third.load_of("WINS/old.csv")["accepted"] == "1"


def test_a_file_that_comes_again_as_it_was_is_the_newest_again(changed: Changed) -> None:
    assert [state.closes("AGN") for state in (changed.second, changed.third)] == [
        {"2016-01-05": "120.0"},
        {"2016-01-05": "110.0"},
    ]


@pytest.mark.parametrize(
    ("symbol", "left"),
    [
        ("BACK", {"2016-01-04": "100.0"}),
        ("BAK", {"2016-01-04": "100.0", "2016-01-06": "121.0"}),
        ("REJ", {"2016-01-06": "121.0", "2016-01-07": "130.0"}),
    ],
    ids=["deleted", "corrected", "rejected"],
)
def test_a_day_that_the_newest_source_gives_no_more_goes_back_to_the_one_before(
    changed: Changed, symbol: str, left: dict[str, str]
) -> None:
    assert changed.second.closes(symbol).items() >= {"2016-01-05": "120.0", "2016-01-06": "121.0"}.items()
    days = {day: close for day, close in changed.third.closes(symbol).items() if str(day) < "2017"}
    assert days == {"2016-01-05": "110.0"} | left


def test_first_and_last_date_are_those_of_the_rows_that_are_not_rejected(changed: Changed) -> None:
    load = changed.third.load_of("REJ/new.csv")
    assert (load["first_date"], load["last_date"], load["rejected"]) == ("2016-01-06", "2016-01-06", "2")


def test_only_the_source_that_had_a_day_before_is_loaded_again(changed: Changed) -> None:
    loaded = [f"s3://{changed.lake.bucket}/raw/stocks/{key}" for key in ("BACK/old.csv", "BAK/old.csv", "REJ/old.csv")]
    assert [line["sources"] for line in changed.lake.logged("files to load again")] == [loaded]
    assert changed.lake.keys("pipeline/inbox/") == []


def test_a_source_that_another_supersedes_accounts_for_it(changed: Changed) -> None:
    load = changed.end.load_of("SUP/1.csv")
    assert (load["rows"], load["accepted"], load["superseded"], load["rejected"]) == ("1", "0", "1", "0")
    assert changed.end.closes("SUP") == {"2016-01-05": "120.0", "2016-01-06": "121.0"}


def test_old_files_go_once_no_manifest_has_named_them_for_the_retention_time(changed: Changed) -> None:
    assert len(changed.third.files_of_february) > 1
    named = changed.lake.manifests()["processed/stocks/_symlink_format_manifest/year=2016/month=02/manifest"]
    assert [f"s3://{changed.lake.bucket}/{key}\n" for key in changed.end.files_of_february] == [named]
    assert changed.end.closes("SAME") == changed.first.closes("SAME")
