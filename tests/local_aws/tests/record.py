"""What Trino answers to statements, and whether DuckDB answers the same: `expressions.tsv`. What DuckDB may run follows.

To record a statement, with this command run it on Trino and on DuckDB, and see the line that says what became of it:

    python -m tests.local_aws.tests.record "SELECT upper('a')"
    python -m tests.local_aws.tests.record --add "SELECT upper('a')" "SELECT lower('A')"

`--add` puts the lines into the record, and draws `dialect/permits.txt` from it again, as `--draw` alone does. A line is a
statement, the columns of its answer with their types and the rows as JSON (a lone cell by itself), or "!" and the name of
Trino's error. Its first column says what becomes of the statement on DuckDB:

    same      the same answer, or an error of the same name: what the statement has is permitted
    refused   NOT_SUPPORTED_LOCALLY, since nothing here needs it and it is not known to mean the same
    differs   another answer, known and borne, on input that no file of prices has
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.local_aws import LocalAccount
from tests.local_aws.account import EngineName, engine_for
from tests.local_aws.dialect import permits, translation
from tests.local_aws.dialect.grammar import Node, parse
from tests.local_aws.engine import Outcome, Statement, StatementFailed

RECORD = Path(__file__).with_name("expressions.tsv")
VERSION_RECORDED = "476"


@dataclass(frozen=True)
class Answer:
    """`columns` is "!" for a failed statement; `rows` then is the name of its error."""

    columns: str
    rows: Any

    @property
    def error(self) -> str:
        return str(self.rows) if self.columns == "!" else ""

    def in_any_order(self, statement: str) -> Answer:
        """The answer with its rows sorted, unless the statement itself sorts them."""
        if not isinstance(self.rows, list) or "order by" in statement.lower():
            return self
        return Answer(self.columns, sorted(self.rows, key=repr))


REFUSED = Answer("!", "NOT_SUPPORTED_LOCALLY")


@dataclass(frozen=True)
class Recorded:
    on_duckdb: str
    statement: str
    answer: Answer

    def __str__(self) -> str:
        rows = self.answer.error or json.dumps(self.answer.rows, ensure_ascii=False)
        return f"{self.on_duckdb}\t{self.statement}\t{self.answer.columns}\t{rows}"


def recorded() -> list[Recorded]:
    _, *lines = RECORD.read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        on_duckdb, statement, columns, rows = line.split("\t")
        found.append(Recorded(on_duckdb, statement, Answer(columns, rows if columns == "!" else json.loads(rows))))
    return found


class Runner:
    """Runs one statement at a time on an engine, over no tables."""

    def __init__(self, engine: EngineName) -> None:
        self._account = LocalAccount(engine=None, serve_port=0)
        self._account.__enter__()
        self._engine = engine_for(engine, self._account.endpoint_url)
        self._account.client("glue").create_database(DatabaseInput={"Name": self._account.database})

    def close(self) -> None:
        self._engine.close()
        self._account.__exit__(None, None, None)

    def answer(self, statement: str) -> Answer:
        results = f"s3://{self._account.bucket}/results/1.csv"
        try:
            return _answer(self._engine.execute(Statement(statement, self._account.database, results, "1")))
        except StatementFailed as failure:
            return Answer("!", failure.message.partition(":")[0])


@contextmanager
def running(engine: EngineName) -> Iterator[Runner]:
    runner = Runner(engine)
    try:
        yield runner
    finally:
        runner.close()


def _answer(outcome: Outcome) -> Answer:
    columns = ", ".join(
        f"{column.name} {column.type}" + (f"({column.precision},{column.scale})" if column.type == "decimal" else "")
        for column in outcome.columns
    )
    rows: Any = [list(row) for row in outcome.rows]
    if len(rows) == len(outcome.columns) == 1:
        rows = rows[0][0]
    return Answer(columns, rows)


class _NoTables:
    """A `translation.Catalog` for statements that make up their rows."""

    def has_database(self, name: str) -> bool:
        return False

    def find(self, database: str, name: str) -> None:
        return None


def annotated(statement: str) -> Node:
    return translation.annotated(parse(statement), "default", _NoTables())


def drawn() -> str:
    """The text of `permits.txt` that follows from the record."""
    return permits.draw(((case.statement, case.answer.error) for case in recorded() if case.on_duckdb == "same"), annotated)


def becomes(statement: str, permitted: Answer, translated: Answer, expected: Answer) -> str:
    """What DuckDB does with a statement: `permitted` is its answer as things are, `translated` that of its SQL in any case."""
    permitted, translated, expected = (answer.in_any_order(statement) for answer in (permitted, translated, expected))
    # What Trino refuses for its types is refused here once it is recorded.
    provable = translated == expected or expected.error in permits.REFUSALS
    if permitted == expected or (permitted == REFUSED and provable):
        return "same"
    return "refused" if permitted == REFUSED else "differs"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.local_aws.tests.record", description=__doc__.partition("\n")[0])
    parser.add_argument("statements", nargs="*", metavar="statement")
    parser.add_argument("--add", action="store_true", help="put the lines into the record and draw permits.txt from it")
    parser.add_argument("--draw", action="store_true", help="draw permits.txt from the record")
    given = parser.parse_args()
    lines = []
    on_record = {case.statement: case for case in recorded()}
    for statement in filter(on_record.get, given.statements):
        print(f"on record already: {on_record[statement]}")
    statements = [statement for statement in dict.fromkeys(given.statements) if statement not in on_record]
    if statements:
        with running("duckdb") as duckdb:
            permitted = [duckdb.answer(statement) for statement in statements]
            with mock.patch.object(translation, "check"):
                translated = [duckdb.answer(statement) for statement in statements]
        with running("trino") as trino:
            expected = [trino.answer(statement) for statement in statements]
        for statement, *answers in zip(statements, permitted, translated, expected, strict=True):
            lines.append(Recorded(becomes(statement, *answers), statement, answers[-1]))
            print(lines[-1])
            if lines[-1].on_duckdb != "same":
                print(f"  DuckDB answers {answers[1].columns} {answers[1].rows}")
    if given.add:
        with RECORD.open("a", encoding="utf-8") as record:
            record.writelines(f"{line}\n" for line in lines)
    if given.add or given.draw:
        permits.PERMITS.write_text(drawn(), encoding="utf-8")


if __name__ == "__main__":
    main()
