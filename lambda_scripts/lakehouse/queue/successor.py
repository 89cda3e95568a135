"""The successor: the one invocation that waits for a lease which another holds, so that a holder's death is noticed.

    B    marker ─ held ─ claim ─ wait ─ release the claim ─ look into the inbox ─ take, or end
    C       marker ─ held ─ claimed ─ end

Whoever ends because of a claim has put its marker before, and the claimant looks into the inbox after it has released the claim.
Claims end by this host's clock. One that a wrong clock takes for ended costs a second invocation that waits, nothing else.
"""

from __future__ import annotations

import json

from .. import log
from ..aws.store import Store
from ..clock import Clock, Deadline
from ..errors import ConflictError
from .lease import Lease


class Successor:
    """The claim to be next, held in one object. `owner` is the request id; a claim that is not renewed ends after `seconds`."""

    def __init__(self, store: Store, key: str, clock: Clock, owner: str, seconds: float) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._owner = owner
        self._seconds = seconds
        self._etag: str | None = None
        self._renewed = 0.0

    def wait(self, lease: Lease, deadline: Deadline, poll_seconds: float) -> bool:
        """Wait until the lease can be taken; False at once where another invocation waits for it already.

        Raises DeadlineReachedError when this invocation's own time is up. The claim is released in either case.
        """
        if not self._claim():
            return False
        try:
            lease.wait(deadline, poll_seconds)
        finally:
            self._release()
        return True

    def keep(self) -> None:
        """Renew the claim, if it is held and a third of its time has passed: for whoever waits."""
        if self._etag is not None and self._clock.monotonic() - self._renewed >= self._seconds / 3:
            try:
                self._write(self._until())
            except ConflictError:
                self._etag = None  # another one waits too

    def _claim(self) -> bool:
        part = self._store.read(self._key)
        if part is not None:
            content = json.loads(part.body)
            if content["owner"] != self._owner and content["until"] > self._clock.now().timestamp():
                log.event("another waits for the lease", successor=content["owner"])
                return False
        self._etag = part.etag if part else None
        try:
            self._write(self._until())
        except ConflictError:
            log.event("another waits for the lease")
            self._etag = None
            return False
        return True

    def _release(self) -> None:
        if self._etag is not None:
            try:
                self._write(0.0)
            except ConflictError:
                log.event("another waits for the lease too")
            self._etag = None

    def _until(self) -> float:
        return self._clock.now().timestamp() + self._seconds

    def _write(self, until: float) -> None:
        body = json.dumps({"owner": self._owner, "until": until}).encode()
        self._etag = self._store.swap(self._key, body, self._etag)
        self._renewed = self._clock.monotonic()
