"""Chaos: whatever happens to the handlers, at whichever of their AWS calls, the tables come out right.

    scenario   what lies in the lake, what changes, and what changes after that
    point      what happens to which handler at which of its calls while it works that off
    verdict    every table, the reports and the accounting against the oracle over the final raw files; and what is left over

`python -m tests.chaos` tries a sample of the points and `--all` every one; pytest tries a few of each kind.
"""
