"""The lease: one invocation works off a queue, the others return at once.

    invocation A   take ──── list inbox ─ batch ─ batch ─ (inbox empty) ─ give back ─ look once more ─ end
    invocation B      marker ─ take: held ─ end
    invocation C                                    marker ─ take: held ─ end      (A's last look finds it)
    A killed       take ──── batch ─✗            lease runs out, or A's retry (the same request id) takes it over
    A overtaken    take ──── batch ───── check: LeaseLostError ─ end       (the one that overtook does the work)

The lease saves work. Correctness rests on this order alone: a writer *checks* its lease after it has written its source
records and before it publishes; one that overtakes it *takes* the lease before it reads either. So what an overtaken writer
publishes late is seen by the new one, or makes the new one's compare-and-swap fail, or fails its own.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from .. import log
from ..aws.store import Store
from ..clock import Clock
from ..errors import ConflictError, LeaseLostError

# Clocks of two Lambda hosts may differ, and an invocation may end a little after its deadline.
MARGIN_SECONDS = 30.0


class Lease:
    """A lease held in one object. `owner` is the request id; `seconds` is how long the invocation may live."""

    def __init__(self, store: Store, key: str, clock: Clock, owner: str, seconds: float) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._owner = owner
        self._seconds = seconds
        self._token = uuid.uuid4().hex
        self._etag: str | None = None

    def take(self) -> bool:
        """Take the lease; False where another invocation holds it."""
        now = self._clock.now().timestamp()
        held = self._store.read(self._key)
        if held is not None:
            content = json.loads(held.body)
            if content["owner"] != self._owner and content["expires"] > now:
                log.event("lease held by another", holder=content["owner"], expires_in_seconds=round(content["expires"] - now))
                return False
        try:
            self._etag = self._write(now + self._seconds + MARGIN_SECONDS, held.etag if held else None)
        except ConflictError:
            log.event("lease taken by another just now")
            return False
        return True

    def check(self) -> None:
        """Raise LeaseLostError if another invocation has taken the lease over."""
        held = self._store.read(self._key)
        if held is None or json.loads(held.body)["token"] != self._token:
            raise LeaseLostError(
                f"the lease {self._store.uri(self._key)} is another invocation's now, which does this one's work"
            )

    def give_back(self) -> None:
        """Let the next one take it at once. A lease that was lost stays with whoever has it."""
        try:
            self._write(0.0, self._etag)
        except ConflictError:
            log.warning("lease was lost before it was given back")

    def _write(self, expires: float, etag: str | None) -> str:
        content: dict[str, Any] = {"owner": self._owner, "token": self._token, "expires": expires}
        return self._store.swap(self._key, json.dumps(content).encode(), etag)
