"""Who may do what in the console: one row per route. A route without its row is for admins only, and fails a test."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from conversations.model import Role


class _Rank(IntEnum):
    VIEWER = 1
    HUMAN_AGENT = 2
    LEAD = 3
    ADMIN = 4


_RANKS: Final = {
    Role.VIEWER: _Rank.VIEWER,
    Role.HUMAN_AGENT: _Rank.HUMAN_AGENT,
    Role.LEAD: _Rank.LEAD,
    Role.ADMIN: _Rank.ADMIN,
}

_VIEWERS: Final = """
GET /session
DELETE /session
GET /human_agents
GET /conversations
GET /stream
GET /conversations/{conversation_id}
GET /conversations/{conversation_id}/messages
GET /conversations/{conversation_id}/events
GET /conversations/{conversation_id}/place
GET /conversations/{conversation_id}/actions
GET /ratings
GET /search
GET /tags
GET /desk/rules
GET /desk/rules/history
POST /active
GET /my_sessions
DELETE /my_sessions/{session_id}
GET /knowledge/kinds
GET /knowledge/sources
GET /knowledge/sources/{source_id}/report
GET /knowledge/sync
GET /knowledge/versions
GET /knowledge/versions/diff
POST /knowledge/search
GET /knowledge/overlaps
GET /knowledge/articles
GET /knowledge/articles/{article_id}
POST /knowledge/preview
"""

_HUMAN_AGENTS: Final = """
PUT /presence
POST /conversations/{conversation_id}/claim
POST /conversations/{conversation_id}/release
POST /conversations/{conversation_id}/return_to_ai
POST /conversations/{conversation_id}/resolve
POST /conversations/{conversation_id}/snooze
POST /conversations/{conversation_id}/reopen
POST /conversations/{conversation_id}/assign
POST /conversations/{conversation_id}/reply
POST /conversations/{conversation_id}/note
POST /conversations/{conversation_id}/typing
POST /conversations/{conversation_id}/refunds
GET /approvals
POST /policy/outlook
POST /evals/samples
GET /saved_replies
POST /conversations/{conversation_id}/tags
DELETE /conversations/{conversation_id}/tags/{tag}
POST /conversations/{conversation_id}/saved_replies/{reply_id}
"""

_LEADS: Final = """
POST /actions/{action_id}/approve
POST /actions/{action_id}/refuse
GET /refunds
POST /refunds/reconcile
POST /refunds/unfreeze
POST /desk/rules/check
PUT /desk/rules
POST /desk/rules/simulate
POST /saved_replies
PUT /saved_replies/{reply_id}
DELETE /saved_replies/{reply_id}
GET /tools
POST /tools/{name}/dry_run
GET /evals/runs
GET /evals/runs/{run_id}
DELETE /evals/runs/{run_id}
GET /evals/runs/{run_id}/result
PUT /evals/runs/{run_id}/label
GET /evals/compare
GET /evals/samples
PUT /evals/samples/{sample_id}
GET /evals/samples/file
POST /knowledge/sources
PUT /knowledge/sources/{source_id}
DELETE /knowledge/sources/{source_id}
POST /knowledge/sync
DELETE /knowledge/sync
POST /knowledge/versions/{number}/roll_back
POST /knowledge/articles
PUT /knowledge/articles/{article_id}
DELETE /knowledge/articles/{article_id}
POST /knowledge/articles/{article_id}/withdraw
POST /knowledge/articles/{article_id}/restore
"""

_ADMINS: Final = """
GET /team
POST /team/invitations
DELETE /team/invitations/{invitation_id}
PUT /team/{human_agent_id}/role
DELETE /team/{human_agent_id}
GET /team/{human_agent_id}/sessions
DELETE /team/{human_agent_id}/sessions
GET /webhooks
POST /webhooks
PUT /webhooks/{endpoint_id}
DELETE /webhooks/{endpoint_id}
GET /webhooks/{endpoint_id}/deliveries
POST /webhooks/{endpoint_id}/send_again
GET /audit
GET /audit/check
"""

ROOT: Final = "/console/v1"
OPEN_TO_ALL: Final = frozenset({f"POST {ROOT}/session", f"POST {ROOT}/invitation", f"GET {ROOT}/demo-sign-in"})
"""Asked before anybody is signed in."""


def _table() -> dict[str, Role]:
    found: dict[str, Role] = {}
    rows = ((Role.VIEWER, _VIEWERS), (Role.HUMAN_AGENT, _HUMAN_AGENTS), (Role.LEAD, _LEADS), (Role.ADMIN, _ADMINS))
    for role, listed in rows:
        for line in listed.strip().splitlines():
            method, path = line.split()
            found[f"{method} {ROOT}{path}"] = role
    return found


LEAST: Final = _table()


def may(role: Role, method: str, path: str) -> bool:
    """Whether somebody with `role` may call the route `path` (with its parameters' names, not their values)."""
    plain = path.replace(":path}", "}")
    asked = "GET" if method == "HEAD" else method
    return _RANKS[role] >= _RANKS[LEAST.get(f"{asked} {plain}", Role.ADMIN)]
