"""Trino's SQL run by DuckDB: sqlglot translates, the record permits, Trino judges.

grammar      parses, and words the refusals
translation  puts the tables in, resolves the names, and writes DuckDB's SQL: the door, compile_query
values       takes the texts out and puts them back, so that statements that differ in them alone are translated once
annotation   gives each part its Trino type
permits      refuses what no recorded statement proves
rewriting    puts what DuckDB means otherwise so that it means the same
macros       what that SQL calls where DuckDB's own function or cast means something else
"""

from .translation import PATH, CompiledQuery, Output, Scan, Table, View, compile_query

__all__ = ["PATH", "CompiledQuery", "Output", "Scan", "Table", "View", "compile_query"]
