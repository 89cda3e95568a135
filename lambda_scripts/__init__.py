"""The two Lambda handlers and the package that they share; zipped with `sql/` into one upload."""
