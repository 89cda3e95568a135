"""The lake as one invocation sees it: configuration, clients, clock and deadline put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .aws.athena import Athena
from .aws.catalog import Catalog
from .aws.store import Store
from .clock import Clock, Deadline
from .config import Config
from .layout import Layout
from .queue.inbox import Inbox
from .queue.lease import Lease
from .tables.load_records import LoadRecords
from .tables.merged import MergedTable
from .tables.source_records import SourceRecords


@dataclass(frozen=True)
class Lake:
    """Everything one invocation needs: settings, AWS access, its queue, the tables."""

    queue: str
    config: Config
    layout: Layout
    store: Store
    catalog: Catalog
    athena: Athena
    clock: Clock
    deadline: Deadline
    inbox: Inbox
    lease: Lease
    loads: LoadRecords
    sources: SourceRecords
    processed: MergedTable
    monthly: MergedTable
    yearly: MergedTable
    function: str

    @property
    def account(self) -> str:
        """The AWS account's number."""
        return self.function.split(":")[4]

    def temporary_table(self, batch: str, name: str) -> str:
        return self.layout.temporary_table(self.queue, batch, name)

    @property
    def table_locations(self) -> dict[str, str]:
        """The s3:// location of each table of `sql/tables/`."""
        keys = {
            "stocks_processed": self.layout.processed.manifest_prefix,
            "monthly_stock_reporting": self.layout.monthly.manifest_prefix,
            "yearly_stock_reporting": self.layout.yearly.manifest_prefix,
            "stocks_rejected": self.layout.rejected_prefix,
            "stocks_loads": self.layout.loads,
            "stocks_staging_lines": self.layout.staging_table("lines"),
            "stocks_staging_sources": self.layout.staging_table("sources"),
        }
        return {table: self.store.uri(key) for table, key in keys.items()}


def open_lake(queue: str, bucket: str, context: Any) -> Lake:
    """The lake for one invocation. `context` is Lambda's; `bucket` is the event's, used where none is configured."""
    config = Config.from_environment(bucket)
    return assemble(queue, config, Layout(), context)


def assemble(queue: str, config: Config, layout: Layout, context: Any) -> Lake:
    """A lake with these settings and keys."""
    clock = Clock()
    seconds = context.get_remaining_time_in_millis() / 1000
    store = Store(config.bucket)
    lease = Lease(store, layout.lease(queue), clock, context.aws_request_id, config.lease_seconds)
    deadline = Deadline(clock, seconds - config.deadline_margin_seconds, lease.keep)
    loads = LoadRecords(store, layout)
    catalog = Catalog(config.database)
    return Lake(
        queue=queue,
        config=config,
        layout=layout,
        store=store,
        catalog=catalog,
        athena=Athena(
            store,
            deadline,
            database=config.database,
            workgroup=config.workgroup,
            results=config.results or store.uri(layout.athena_results),
            poll_seconds=config.poll_seconds,
        ),
        clock=clock,
        deadline=deadline,
        inbox=Inbox(store, layout, queue),
        lease=lease,
        loads=loads,
        sources=SourceRecords(store, layout, loads),
        processed=MergedTable("stocks_processed", layout.processed, store, catalog),
        monthly=MergedTable("monthly_stock_reporting", layout.monthly, store, catalog),
        yearly=MergedTable("yearly_stock_reporting", layout.yearly, store, catalog),
        function=context.invoked_function_arn,
    )
