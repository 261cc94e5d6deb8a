"""What the customer is told when a person takes over, one text per reason."""

from __future__ import annotations

from conversations.model import HandoffReason

LEAD: dict[HandoffReason, str] = {
    HandoffReason.CUSTOMER_ASKED: "Of course. I'm bringing in a colleague who can see everything you wrote here, "
    "so you don't have to repeat yourself.",
    HandoffReason.LOW_CONFIDENCE: "I couldn't find a reliable answer to that in our help center, so I'm passing you to "
    "a colleague. They can see everything you wrote.",
    HandoffReason.UNGROUNDED: "Our help center doesn't settle that for sure, so I'm passing you to a colleague. "
    "They can see everything you wrote.",
    HandoffReason.RESERVED_TOPIC: "This is something a person should look at. I'm passing you to a colleague now, "
    "with everything you wrote.",
    HandoffReason.NEEDS_APPROVAL: "A colleague has to do that for you. I've passed on what you asked for, with "
    "everything you wrote here.",
    HandoffReason.FRUSTRATION: "I'm sorry this has been frustrating. I'm passing you to a colleague who can see the "
    "whole conversation.",
    HandoffReason.LOOP: "I don't seem to be answering what you need, so I'm passing you to a colleague who can see "
    "the whole conversation.",
    HandoffReason.TURN_CAP: "We've been at this for a while, so I'm passing you to a colleague who can see the whole "
    "conversation.",
    HandoffReason.AI_UNAVAILABLE: "Something went wrong on my side. I'm passing you to a colleague, and nothing you "
    "wrote is lost.",
}
