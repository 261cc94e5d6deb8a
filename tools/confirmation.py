"""The token on a card: what a customer sends back to say "yes, exactly this".

It is a signature over the action's id, conversation, customer, expiry and digest; the digest covers the order, lines,
amount, currency and destination. The model never sees it, and it works once, because an action is confirmed once.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from tools.action_model import Action


class ConfirmationTokens:
    def __init__(self, key: str) -> None:
        self._key = hashlib.sha256(b"baton card " + key.encode()).digest()

    def token(self, action: Action) -> str:
        bound = [
            action.id,
            action.conversation_id,
            action.proposal.external_customer_id,
            action.expires_at.isoformat(),
            action.digest,
        ]
        return hmac.new(self._key, json.dumps(bound).encode(), hashlib.sha256).hexdigest()

    def fits(self, action: Action, token: str) -> bool:
        return hmac.compare_digest(self.token(action).encode(), token.encode("utf-8", "replace"))
