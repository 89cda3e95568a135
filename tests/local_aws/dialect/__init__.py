"""Trino's SQL run by DuckDB: sqlglot translates, the record permits, Trino judges.

grammar      parses, and words the refusals
typing       gives each part its Trino type
permits      refuses what no recorded statement proves
translation  puts the tables in, and writes DuckDB's SQL
macros       what that SQL calls where DuckDB's own function or cast means something else
"""

from .translation import PATH, CompiledQuery, Output, Scan, Table, View, compile_query

__all__ = ["PATH", "CompiledQuery", "Output", "Scan", "Table", "View", "compile_query"]
