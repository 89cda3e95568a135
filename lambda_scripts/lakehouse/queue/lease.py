"""The lease: one invocation works off a queue, one waits to be next, the others leave the work to them.

    A          take 7 ── batch ─ renew ─ batch ─ inbox empty ─ give back ─ list once more ─ end
    B             marker ─ held ─ claim, wait ···································· release the claim ─ inbox empty ─ end
    C                marker ─ held, and B waits ─ end                                (A's last listing, or B's, finds the marker)

    A killed   take 7 ── batch ─✗
    B             marker ─ held ─ claim, wait ··· not renewed for the lease's time ─ take 8 ─ abort and tidy A's batch ─ batch …

    A frozen   take 7 ── batch ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ renew: LeaseLostError ─ end

Each taking raises the token, a number that is part of every batch id, so that what is later is said by ids and never by a clock.
The lease saves work; the tables are right without it. A holder that was frozen, and goes on after another has taken the lease,
cannot commit a batch that the other has aborted, replace a manifest or a source record that the other has written, or remove
what a later batch has staged. It can publish a partition that nobody has published since it read it, which is right at any
time, and it can waste what its statements cost.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable
from typing import Any

from .. import log
from ..aws.store import Store
from ..clock import Clock, Deadline
from ..errors import ConflictError, LeaseLostError
from ..layout import batch_id, earliest_batch_id

NEVER_TAKEN: dict[str, Any] = {"owner": None}


class Lease:
    """A lease held in one object, which is never deleted. `owner` is the request id.

    A request can be delivered twice, and both be alive. So the object names the invocation, too: no two holders write the same
    bytes, by which a swap whose answer was lost is known. An invocation that was overtaken is treated like any other, and waits.

    A holder renews it, at least each third of `seconds`; one that does not for so long has lost it to whoever waited. The claim
    to be next is a part of it, and ends by this host's clock: a wrong clock only makes a second invocation wait.
    """

    def __init__(self, store: Store, key: str, clock: Clock, owner: str, seconds: float) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._owner = owner
        self._invocation = uuid.uuid4().hex
        self._seconds = seconds
        self._content: dict[str, Any] = NEVER_TAKEN
        self._etag: str | None = None
        self._token = 0
        self._first_token = 0
        self._role = ""
        """holder, successor, or empty"""
        self._silent: tuple[Any, Any] | None = None
        self._renewed = 0.0
        self._batches = itertools.count(1)

    def take(self) -> bool:
        """Take the lease and raise its token; False where another invocation holds it.

        A retry of the request that holds it takes it over at once, and so does the one to which `wait` showed a silent holder.
        """
        self._read()
        before = self._content
        if not self._is_free() and self._state != self._silent:
            log.event("lease held by another", holder=before["owner"])
            return False
        token = _next_token(before, self._clock)
        try:
            holder = {"owner": self._owner, "invocation": self._invocation}
            self._swap({"token": token, **holder, "renewals": 0, "seconds": self._seconds, "successor": None})
        except ConflictError:
            log.event("lease taken by another just now")
            return False
        self._token, self._role, self._silent = token, "holder", None
        self._first_token = self._first_token or token
        self._batches = itertools.count(1)
        log.event("lease taken", token=token, from_silent_holder=before["owner"] not in (None, self._owner))
        return True

    def wait(self, deadline: Deadline, poll_seconds: float) -> bool:
        """Claim to be next, and wait until the lease is free, or was not renewed for its time as this host measures it.

        False at once where another invocation waits already. Whoever ends because of that has put its marker before, so the one
        who waited has to list the inbox after this returns. Raises DeadlineReachedError when this invocation's own time is up.
        """
        if not self._claim():
            return False
        try:
            log.event("waits for the lease", holder=self._content["owner"])
            self._wait(deadline, poll_seconds)
        finally:
            self._release()
        return True

    def renew(self) -> None:
        """Start the lease's time anew. Raises LeaseLostError if another invocation has taken it.

        So when this returns, nobody had aborted a batch of this invocation, or removed anything that it staged.
        """
        if not self.is_held:
            raise LeaseLostError(f"the lease {self._store.uri(self._key)} is not this invocation's")
        self._update(lambda: {"renewals": self._content["renewals"] + 1})

    def confirm_loss(self, error: LeaseLostError) -> None:
        """Raise the error after all, and give the lease back, if the lease is still this invocation's."""
        try:
            if self.is_held:
                self.renew()
        except LeaseLostError:
            return
        if self.is_held:
            self.give_back()
            raise error

    def keep(self) -> None:
        """Renew the lease, or the claim to be next, if a third of its time has passed: for whoever waits."""
        if self._role and self._clock.monotonic() - self._renewed >= self._seconds / 3:
            if self._role == "holder":
                self.renew()
            else:
                self._update(self._my_claim)

    def give_back(self) -> None:
        """Let the next one take it at once. A lease that was lost stays with whoever has it."""
        if self.is_held:
            try:
                self._update(lambda: {"owner": None})
            except LeaseLostError:
                log.warning("lease was lost before it was given back")
            self._role = ""

    def new_batch(self) -> str:
        """The id of this taking's next batch. Ids sort in the order in which batches are begun, whatever clocks say."""
        return batch_id(self._token, next(self._batches), self._clock.now())

    @property
    def is_held(self) -> bool:
        """Whether this invocation has taken the lease, neither given it back nor learned that it was lost."""
        return self._role == "holder"

    @property
    def first_batch(self) -> str:
        """A text after which this taking's batch ids sort, and before which all those of earlier takings do."""
        return earliest_batch_id(self._token)

    @property
    def first_batch_of_invocation(self) -> str:
        """The same of this invocation's first taking: what sorts before it was done before this invocation did anything."""
        return earliest_batch_id(self._first_token)

    # The claim to be next

    def _claim(self) -> bool:
        claim = self._content.get("successor")
        if claim and claim["owner"] != self._owner and claim["until"] > self._clock.now().timestamp():
            log.event("another waits for the lease", successor=claim["owner"])
            return False
        try:
            self._swap(self._content | self._my_claim())
        except ConflictError:
            self._read()
            return self._claim()
        self._role = "successor"
        return True

    def _my_claim(self) -> dict[str, Any]:
        return {"successor": {"owner": self._owner, "until": self._clock.now().timestamp() + self._seconds}}

    def _wait(self, deadline: Deadline, poll_seconds: float) -> None:
        seen, since = self._state, self._clock.monotonic()
        while not self._is_free():
            if self._state != seen:
                seen, since = self._state, self._clock.monotonic()
            elif "renewals" in self._content and self._clock.monotonic() - since >= self._content["seconds"]:
                self._silent = seen
                return
            deadline.sleep(poll_seconds, "wait for the lease")
            self._read()

    def _release(self) -> None:
        if self._role == "successor":
            try:
                self._update(lambda: {"successor": None})
            except LeaseLostError:
                log.event("another waits for the lease too")
            self._role = ""

    # The object

    @property
    def _state(self) -> tuple[Any, Any]:
        """What a holder changes by each renewal, and a claim does not."""
        return self._content.get("token"), self._content.get("renewals")

    @property
    def _is_mine(self) -> bool:
        """Whether the object says of this invocation what `_role` does."""
        if self._role == "holder":
            return (self._content["owner"], self._content.get("token")) == (self._owner, self._token)
        return (self._content.get("successor") or {}).get("owner") == self._owner

    def _is_free(self) -> bool:
        if self._content["owner"] in (None, self._owner):
            return True
        # As version 1 wrote it: held until a time, never renewed.
        return "expires" in self._content and bool(self._content["expires"] <= self._clock.now().timestamp())

    def _update(self, changed: Callable[[], dict[str, Any]]) -> None:
        """Change a part of the object, as often as holder and successor meet. Raises LeaseLostError where it is not mine."""
        while True:
            try:
                return self._swap(self._content | changed())
            except ConflictError as error:
                self._read()
                if not self._is_mine:
                    self._role, self._owner = "", self._invocation
                    raise LeaseLostError(
                        f"the lease {self._store.uri(self._key)} is another invocation's now, which does this one's work"
                    ) from error

    def _read(self) -> None:
        part = self._store.read(self._key)
        self._content, self._etag = (json.loads(part.body), part.etag) if part else (NEVER_TAKEN, None)

    def _swap(self, content: dict[str, Any]) -> None:
        self._etag = self._store.swap(self._key, json.dumps(content).encode(), self._etag)
        self._content, self._renewed = content, self._clock.monotonic()


def _next_token(content: dict[str, Any], clock: Clock) -> int:
    """One more than the last. The first is the time in seconds, so that a lease object that someone deletes begins no lower."""
    last = content.get("token")
    return last + 1 if isinstance(last, int) else int(clock.now().timestamp())
