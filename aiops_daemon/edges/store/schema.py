"""Every table, once, for SQLite and PostgreSQL; the newest migration and this module describe the same schema (test).

Times are unix seconds as floats; label sets and lists are JSON text; every row that belongs to somebody has its `team`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)

RowId = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself there

inbox = Table(
    "inbox",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("team", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("encoding", Text, nullable=False),  # "" or zlib
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("skip", Integer, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,  # an id that is done never comes again, so late news about it hits nothing
)
"""What waits to be processed; a row that is done is deleted."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("team", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Double, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("inbox", BigInteger),
)

episodes = Table(
    "episodes",
    metadata,
    Column("uid", Text, primary_key=True),
    Column("team", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("first_starts_at", Double, nullable=False),
    Column("starts_at", Double, nullable=False),
    Column("ends_at", Double),
    Column("heard_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("incident", Text, nullable=False),
    Column("joined_reason", Text, nullable=False),
    Column("muted", Text, nullable=False),
    Column("starts", Integer, nullable=False),
    Column("flapping", Boolean, nullable=False),
    Column("verdict", Text, nullable=False),  # kind
    Column("verdict_reason", Text, nullable=False),
    Column("verdict_detail", Text, nullable=False),  # the rest of it as JSON
    Column("generator_url", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("external_url", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("extra", Text, nullable=False),
    Index(None, "source", "fingerprint", "starts_at", "heard_at"),
    Index(None, "incident", "heard_at"),
    Index(None, "state", "heard_at", "uid"),
    Index(None, "rule", "heard_at"),
    Index(None, "heard_at"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("uid", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("team", Text, nullable=False),
    Column("teams", Text, nullable=False),  # for reading; what counts is incident_teams
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("severity_rank", Integer, nullable=False),
    Column("priority", Text, nullable=False),
    Column("priority_reason", Text, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("service", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("acknowledged_at", Double),
    Column("acknowledged_by", Text, nullable=False),
    Column("resolved_at", Double),
    Column("resolved_by", Text, nullable=False),
    Column("merged_into", Text, nullable=False),
    Column("assignee", Text, nullable=False),
    Column("snoozed_until", Double),
    Column("notify_at", Double),
    Column("notify_reason", Text, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("firing", Integer, nullable=False),
    Column("muted", Integer, nullable=False),
    Column("reopened", Integer, nullable=False),
    Column("false_positive", Boolean, nullable=False),
    Column("digest", Boolean, nullable=False),
    UniqueConstraint("number"),
    Index("ix_incidents_facets", "state", "severity", "team", "priority", "service", "teams", "opened_at"),
    Index(None, "state", "opened_at"),
    Index(None, "opened_at"),
    Index(None, "updated_at"),
    Index(None, "resolved_at"),
)
Index(
    "ix_incidents_merged_into",
    incidents.c.merged_into,
    sqlite_where=incidents.c.merged_into != "",
    postgresql_where=incidents.c.merged_into != "",
)

incident_teams = Table(
    "incident_teams",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("team", Text, primary_key=True),
    Index(None, "team", "incident"),
)

BY_PEOPLE = text("origin IN ('api', 'page', 'cli')")
"""What people did; written out, for a partial index serves only the very condition it was made with."""

timeline = Table(
    "timeline",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),  # order of commit
    Column("uid", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("at", Double, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("episode", Text, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("uid"),
    Index(None, "incident", "id"),
    Index("ix_timeline_acts", "incident", "at", sqlite_where=BY_PEOPLE, postgresql_where=BY_PEOPLE),
)

words = Table(
    "words",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("text", Text, nullable=False),  # lower case: title, labels, alerts, notes, number
)
"""What the search over incidents looks at."""

linked_findings = Table(
    "linked_findings",
    metadata,
    Column("uid", Text, primary_key=True),
    Column("incident", Text, nullable=False, index=True),
    Column("team", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("closed_at", Double),
    Column("sentence", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("incident", Text, nullable=False, index=True),
    Column("team", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("actor", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("helped", Boolean),
)

corrections = Table(
    "corrections",
    metadata,
    Column("uid", Text, primary_key=True),
    Column("at", Double, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("left", Text, nullable=False),
    Column("right", Text, nullable=False),
)

knowledge = Table(
    "knowledge",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", Double, nullable=False),
)

installation = Table(
    "installation",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts about this store: since when it is used, the oldest version of the daemon that may write it."""

escalations = Table(
    "escalations",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("team", Text, nullable=False),
    Column("phase", Text, nullable=False, index=True),
    Column("over", Boolean, nullable=False),  # every round is over, or nobody is to be told: no timer is needed
    Column("state", LargeBinary, nullable=False),  # the whole of it as JSON
)

timers = Table(
    "timers",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("team", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("due_at", Double, nullable=False, index=True),
)
"""What is waited for; a row that is over is deleted, or replaced by the next."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),  # order within a key
    Column("uid", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("dedup_key", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("integration", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("track", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("message", LargeBinary, nullable=False),  # as JSON
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),  # claims; the number is the fencing token of the claim
    Column("lease_until", Double, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("sent_at", Double),
    Column("confirmed_at", Double),
    Column("reply", Text, nullable=False),
    UniqueConstraint("uid"),
    Index(None, "incident", "id"),
    Index(None, "created_at"),
    Index(None, "destination", "created_at"),
    Index(None, "dedup_key", "id"),
    sqlite_autoincrement=True,
)
"""What is to be sent, and what became of it; kept as long as its incident."""
WAITING = text("state = 'waiting'")
"""Written out, for a partial index serves only the very condition it was made with."""
for _columns in (("due_at",), ("key", "id")):
    Index(
        f"ix_outbox_waiting_{_columns[0]}",
        *(outbox.c[name] for name in _columns),
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )

storms = Table(
    "storms",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("uid", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("named", LargeBinary, nullable=False),  # incidents in it, as JSON
)
"""The storm page of a destination, while there is one."""

deliveries_seen = Table(
    "deliveries_seen",
    metadata,
    Column("source", Text, primary_key=True),
    Column("uid", Text, primary_key=True),
    Column("at", Double, nullable=False, index=True),
)
"""Signed webhooks that were taken, so that a replay changes nothing."""

acts = Table(
    "acts",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),  # the order in which they are done
    Column("uid", Text, nullable=False),
    Column("act", LargeBinary, nullable=False),  # action and scope as JSON
    Column("asked_at", Double, nullable=False, index=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("answered_at", Double),
    Column("answer", LargeBinary),  # as JSON
    UniqueConstraint("uid"),
    sqlite_autoincrement=True,
)
"""What people asked of a replica that does not hold the desk, and what came of it."""
UNANSWERED = text("answered_at IS NULL")
Index("ix_acts_unanswered", acts.c.id, sqlite_where=UNANSWERED, postgresql_where=UNANSWERED)

remote_changes = Table(
    "remote_changes",
    metadata,
    Column("source", Text, primary_key=True),
    Column("uid", Text, primary_key=True),
    Column("change", LargeBinary, nullable=False),  # as JSON
    Column("at", Double, nullable=False),
    Column("due_at", Double, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
)
"""What people did elsewhere, of which it could not yet be asked which incident it is about."""

FIRST_STARTED_AT = "first_started_at"
MIN_WRITER_VERSION = "min_writer_version"

SCHEMA_VERSION = 1
"""What this release writes; a store whose `min_writer_version` is higher is refused."""
