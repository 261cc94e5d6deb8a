"""The few sentences the AI agent says in its own words. None of them states anything about the business."""

from __future__ import annotations

from typing import Final

from agent.turn_rules import SmallTalk

OFFER: Final = "Would you like me to pass you to a person?"
"""Asked word for word, so that a "yes please" to it is understood, as "no, that's not it" is after IF_NOT_IT."""

SMALL_TALK: Final = {
    SmallTalk.GREETING: "Hi! What can I help you with?",
    SmallTalk.THANKS: "You're welcome! Just write if anything else comes up.",
    SmallTalk.GOODBYE: "You're welcome. Take care!",
    SmallTalk.IDENTITY: f"I'm an AI agent, and I answer from the help center. {OFFER}",
}
SOME_TALK: Final = "I'm here. Just write what you would like to know."
"""To small talk of a kind that no rule knows: "you're welcome" to a hello would sound deaf."""
IF_NOT_IT: Final = "If that isn't what you meant, just say so and I'll pass you to a person."
UNREADABLE: Final = "I couldn't read that message. Could you write your question in a few words?"
TELL_ME_MORE: Final = (
    "Happy to help. Could you tell me a little more: which product or order is it about, "
    "and what would you like to know?"
)
WHICH_THING: Final = "What is it about? Tell me the product, order or topic you mean, and I'll look it up."
NOT_FOUND: Final = "I couldn't find an answer to that in our help center. I'd rather pass you to a person than guess."
TO_A_PERSON: Final = "Of course. I'm passing you to a person."
NEEDS_A_PERSON: Final = (
    "I can't make that change myself, so I'm passing this to a person who can. They will see everything you wrote here."
)
SIGN_IN: Final = "I can look that up for you. Please sign in first, so that I know which orders are yours."
TOOL_DOWN: Final = "I can't reach the order system right now, so I'm passing this to a person who can look it up."
TOO_SLOW: Final = "This is taking me too long, so I'm passing you to a person."
