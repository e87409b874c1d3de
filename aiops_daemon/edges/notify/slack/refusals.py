"""What Slack's refusals mean: the words of the Web API's `ok: false`, and of incoming webhooks.

Enters: an error as Slack names it. Leaves: a Failed with its reason, whether another attempt may help, and what a
person can do. Words that are not known are taken for final: the fallback then hears of it at once.
"""

from __future__ import annotations

import re

from aiops_daemon.core.model.notification import Failed, FailureReason

_WORD = re.compile(r"[a-z][a-z0-9_]{1,60}")

_AUTH = frozenset({
    "access_denied", "account_inactive", "action_prohibited", "ekm_access_denied", "enterprise_is_restricted",
    "invalid_auth", "invalid_token", "missing_scope", "no_permission", "not_allowed_token_type", "not_authed",
    "org_login_required", "team_access_not_granted", "token_expired", "token_revoked", "two_factor_setup_required",
})  # fmt: skip
_LIMITED = frozenset({"message_limit_exceeded", "rate_limited", "ratelimited"})
_THEIRS = frozenset({
    "fatal_error", "internal_error", "request_timeout", "rollup_error", "service_unavailable", "team_added_to_org",
})  # fmt: skip

_REMEDIES = {
    "account_inactive": "the bot was removed: install the app again",
    "channel_is_archived": "unarchive the channel, or choose another",
    "channel_not_found": "check the channel's name, and invite the bot to a private one",
    "invalid_auth": "give the bot's token (xoxb-...)",
    "is_archived": "unarchive the channel, or choose another",
    "missing_scope": "add the scope chat:write to the app, and install it again",
    "no_active_hooks": "the incoming webhook was removed: make another",
    "no_service": "the incoming webhook was removed: make another",
    "not_in_channel": "invite the bot to the channel",
    "token_expired": "give a token that does not expire, or rotate the file",
    "token_revoked": "install the app again, and give its new token",
    "user_not_found": "check the person's Slack id (people[].slack)",
}

GONE = frozenset({
    "cannot_reply_to_message", "cant_update_message", "edit_window_closed", "message_not_found", "thread_not_found",
    "update_failed",
})  # fmt: skip
"""What was once posted is not there any more, or cannot be changed: somebody removed it, or another app posted it."""


def error_word(text: str) -> str:
    """Return an error as Slack names it, "" when it is none of Slack's: only such words are ever repeated."""
    word = text.strip()
    return word if _WORD.fullmatch(word) else ""


def refused(word: str, retry_after: float | None) -> Failed:
    """Return what a refusal means."""
    told = f"Slack says {word}" if word else "Slack refused without a reason"
    detail = f"{told}; {_REMEDIES[word]}" if word in _REMEDIES else told
    if word in _LIMITED:
        return Failed(FailureReason.RATE_LIMITED, detail, retry=True, retry_after=retry_after)
    if word in _THEIRS:
        return Failed(FailureReason.SERVER_ERROR, detail, retry=True, retry_after=retry_after)
    reason = FailureReason.AUTH_ERROR if word in _AUTH else FailureReason.CLIENT_ERROR
    return Failed(reason, detail, retry=False)
