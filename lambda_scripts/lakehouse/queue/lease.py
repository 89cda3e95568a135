"""The lease: one invocation works off a queue, the others leave the work to it.

    A          take 7 ── batch ─ renew ─ batch ─ inbox empty ─ give back ─ list once more ─ end
    B             marker ─ held ─ wait ·········································· given back ─ inbox empty ─ end
    C             marker ─ held, and B waits ─ end                                    (A's last listing finds the marker)

    A killed   take 7 ── batch ─✗
    B             marker ─ held ─ wait ··· not renewed for the lease's time ─ take 8 ─ abort and tidy A's batch ─ batch …

    A frozen   take 7 ── batch ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ renew: LeaseLostError ─ end

Each taking raises the token, a number that is part of every batch id, so that what is later is said by ids and never by a clock.
The lease saves work; the tables are right without it. A holder that was frozen, and goes on after another has taken the lease,
cannot commit a batch that the other has aborted, replace a manifest or a source record that the other has written, or remove
what a later batch has staged. It can publish a partition that nobody has published since it read it, which is right at any
time, and it can waste what its statements cost.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

from .. import log
from ..aws.store import Store
from ..clock import Clock, Deadline
from ..errors import ConflictError, LeaseLostError
from ..layout import batch_id, earliest_batch_id


class Lease:
    """A lease held in one object, which is never deleted. `owner` is the request id.

    A holder renews it, at least each third of `seconds`; one that does not for so long has lost it to whoever waited.
    """

    def __init__(self, store: Store, key: str, clock: Clock, owner: str, seconds: float) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._owner = owner
        self._seconds = seconds
        self._token = 0
        self._etag: str | None = None
        self._renewals = 0
        self._renewed = 0.0
        self._silent: str | None = None
        self._batches = itertools.count(1)

    def take(self) -> bool:
        """Take the lease and raise its token; False where another invocation holds it.

        A retry of the request that holds it takes it over at once, and so does the one to which `wait` showed a silent holder.
        """
        part = self._store.read(self._key)
        content: Mapping[str, Any] = json.loads(part.body) if part else {}
        if part and part.etag != self._silent and not self._is_free(content):
            log.event("lease held by another", holder=content["owner"])
            return False
        token = _next_token(content, self._clock)
        try:
            etag = self._store.swap(self._key, self._content(token, self._owner), part.etag if part else None)
        except ConflictError:
            log.event("lease taken by another just now")
            return False
        self._token, self._etag, self._silent = token, etag, None
        self._renewed = self._clock.monotonic()
        self._batches = itertools.count(1)
        log.event("lease taken", token=token, from_silent_holder=content.get("owner") not in (None, self._owner))
        return True

    def wait(self, deadline: Deadline, poll_seconds: float) -> None:
        """Return once the lease is free, or was not renewed for its time as this host measures it.

        Raises DeadlineReachedError when this invocation's own time is up.
        """
        log.event("waits for the lease")
        seen: str | None = None
        since = self._clock.monotonic()
        while (part := self._store.read(self._key)) is not None:
            content = json.loads(part.body)
            if self._is_free(content):
                return
            if part.etag != seen:
                seen, since = part.etag, self._clock.monotonic()
            elif "renewals" in content and self._clock.monotonic() - since >= content["seconds"]:
                self._silent = seen
                return
            deadline.sleep(poll_seconds, "wait for the lease")

    def renew(self) -> None:
        """Start the lease's time anew. Raises LeaseLostError if another invocation has taken it.

        So when this returns, nobody had aborted a batch of this invocation, or removed anything that it staged.
        """
        self._renewals += 1
        try:
            self._etag = self._store.swap(self._key, self._content(self._token, self._owner), self._etag)
        except ConflictError as error:
            self._etag = None
            raise LeaseLostError(
                f"the lease {self._store.uri(self._key)} is another invocation's now, which does this one's work"
            ) from error
        self._renewed = self._clock.monotonic()

    def confirm_loss(self, error: LeaseLostError) -> None:
        """Raise the error after all, and give the lease back, if the lease is still this invocation's."""
        try:
            if self._etag is not None:
                self.renew()
        except LeaseLostError:
            return
        if self._etag is not None:
            self.give_back()
            raise error

    def keep(self) -> None:
        """Renew the lease, if it is held and a third of its time has passed: for whoever waits."""
        if self._etag is not None and self._clock.monotonic() - self._renewed >= self._seconds / 3:
            self.renew()

    def give_back(self) -> None:
        """Let the next one take it at once. A lease that was lost stays with whoever has it."""
        if self._etag is None:
            return
        try:
            self._store.swap(self._key, self._content(self._token, None), self._etag)
        except ConflictError:
            log.warning("lease was lost before it was given back")
        self._etag = None

    def new_batch(self) -> str:
        """The id of this taking's next batch. Ids sort in the order in which batches are begun, whatever clocks say."""
        return batch_id(self._token, next(self._batches), self._clock.now())

    @property
    def is_held(self) -> bool:
        """Whether this invocation has taken the lease, neither given it back nor learned that it was lost."""
        return self._etag is not None

    @property
    def first_batch(self) -> str:
        """A text after which this taking's batch ids sort, and before which all those of earlier takings do."""
        return earliest_batch_id(self._token)

    def _is_free(self, content: Mapping[str, Any]) -> bool:
        if content["owner"] in (None, self._owner):
            return True
        # As version 1 wrote it: held until a time, never renewed.
        return "expires" in content and bool(content["expires"] <= self._clock.now().timestamp())

    def _content(self, token: int, owner: str | None) -> bytes:
        # No two are equal, so that each renewal changes the ETag.
        return json.dumps({"token": token, "owner": owner, "renewals": self._renewals, "seconds": self._seconds}).encode()


def _next_token(content: Mapping[str, Any], clock: Clock) -> int:
    """One more than the last. The first is the time in seconds, so that a lease object that someone deletes begins no lower."""
    last = content.get("token")
    return last + 1 if isinstance(last, int) else int(clock.now().timestamp())
