from __future__ import annotations

from dataclasses import replace

import pytest

from agent import replies
from agent.draft import Decision, Draft, TurnInput, TurnKind
from conversations.model import HandoffReason, Message
from handoff.policy import HandoffDecision, HandoffPolicy, Offer
from tests.handoff.said import ai, customer, draft, turn_of

POLICY = HandoffPolicy()
TURN_CAP = 12
AGAIN = 4
"""How often the same thing is asked before it goes to a person; once less and one is offered."""


def passed_on(turn: TurnInput, drafted: Draft) -> HandoffDecision | None:
    decided = POLICY.decide(turn, drafted)
    return decided if isinstance(decided, HandoffDecision) else None


def offered(turn: TurnInput, drafted: Draft) -> str | None:
    """The rule by which a person is offered."""
    decided = POLICY.decide(turn, drafted)
    return decided.rule if isinstance(decided, Offer) else None


def asked_and_answered(times: int, question: str = "question {}") -> list[Message]:
    messages = []
    for number in range(times):
        messages += [customer(question.format(number), 2 * number + 1), ai("answer", 2 * number + 2)]
    return messages


def after(times: int, last: str = "and then?") -> TurnInput:
    """The customer's next message after that many answered ones."""
    return turn_of(*asked_and_answered(times), customer(last, 2 * times + 1))


def test_a_good_answer_is_sent() -> None:
    assert passed_on(turn_of(customer("how long may I return things?")), draft()) is None


@pytest.mark.parametrize("decision", [Decision.ANSWER, Decision.CLARIFY])
def test_a_clarifying_question_is_sent_like_an_answer(decision: Decision) -> None:
    assert passed_on(turn_of(customer("returns")), draft(decision=decision)) is None


@pytest.mark.parametrize("kind", TurnKind)
def test_only_a_wish_for_a_person_counts_as_one(kind: TurnKind) -> None:
    decided = passed_on(turn_of(customer("hello")), draft(kind=kind))
    if kind is TurnKind.WANTS_PERSON:
        assert decided is not None
        assert decided.reason is HandoffReason.CUSTOMER_ASKED
    else:
        assert decided is None


RESERVED = {
    "legal": ["My lawyer will hear of this", "I will take legal action", "I'll sue you", "see you in small claims"],
    "safety": [
        "the stove CAUGHT FIRE",
        "the bottle exploded in my bag",
        "it burnt me",
        "my son was injured",
        "is that carbon monoxide?",
        "a splinter cut my daughter",
        "we are at the emergency room",
    ],
    "self-harm": ["I don't want to live", "I don’t want to live", "i want to kill myself", "SUICIDE", "self-harm"],
    "fraud": [
        "my account was hacked",
        "there is an unauthorised charge",
        "an unauthorized payment",
        "I didn't make this order",
        "I didn’t make this order",
        "somebody used a stolen card",
    ],
    "press": ["I'm a journalist at the Post", "I’m a reporter", "a press enquiry"],
}
NEAR_MISSES = [
    "does the sleeping bag pursue warmth",
    "a fire-proof stove",
    "is the issue solved",
    "can I burn wood in this stove",
    "the lawyerly tone of your terms",
    "does the jacket keep me alive in winter",
    "my account is locked",
    "I made this order by mistake",
    "charge for delivery",
    "how do I press the seam",
    "the journal I bought",
    "is it safe to wash the tent",
    "can I cut my order in two",
]


@pytest.mark.parametrize(("topic", "text"), [(topic, text) for topic, texts in RESERVED.items() for text in texts])
def test_a_reserved_topic_goes_to_a_person_whatever_the_draft_says(topic: str, text: str) -> None:
    decided = passed_on(turn_of(customer(text)), draft())
    assert decided is not None
    assert decided.reason is HandoffReason.RESERVED_TOPIC
    assert decided.rule == topic
    assert "the customer wrote “" in decided.detail


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_what_only_looks_like_a_reserved_topic_is_answered(text: str) -> None:
    assert passed_on(turn_of(customer(text)), draft()) is None


def test_a_reserved_topic_counts_in_each_new_message_but_not_in_answered_ones_or_replies() -> None:
    two_new = turn_of(customer("it caught fire", 1), customer("hello?", 2), new_from=0)
    assert passed_on(two_new, draft()) is not None
    answered = turn_of(customer("it caught fire", 1), ai("a person took care of it", 2), customer("thanks", 3))
    assert passed_on(answered, draft()) is None
    quoted = turn_of(customer("safety?", 1), ai("no stove ever exploded", 2), customer("good", 3))
    assert passed_on(quoted, draft()) is None


def test_a_reserved_topic_at_the_end_of_a_very_long_message_is_found() -> None:
    assert passed_on(turn_of(customer("blah " * 1_590 + "it caught fire")), draft()) is not None


@pytest.mark.parametrize("reason", [None, *HandoffReason])
def test_a_draft_that_gives_up_is_passed_on_for_its_own_reason(reason: HandoffReason | None) -> None:
    gives_up = draft(text="", decision=Decision.HANDOFF, reason=reason, detail="Nothing fits.")
    decided = passed_on(turn_of(customer("do you rent kayaks?")), gives_up)
    assert decided is not None
    assert (decided.reason, decided.detail) == (reason or HandoffReason.LOW_CONFIDENCE, "Nothing fits.")


def test_the_same_question_again_and_again_is_a_loop_however_it_is_typed() -> None:
    asked = ["Where is it?", "where is it", "WHERE IS IT", "where is it??"]
    assert len(asked) == AGAIN
    messages = [message for n, text in enumerate(asked) for message in (customer(text, 2 * n), ai("there", 2 * n + 1))]
    decided = passed_on(turn_of(*messages[:-1]), draft())
    assert decided is not None
    assert decided.reason is HandoffReason.LOOP


@pytest.mark.parametrize(
    "asked",
    [
        ["where is it", "where is it"],
        ["where is it", "where is it", "where is it", "how do I pay by card"],
        ["where is it", "where is it", "where is it", "thanks"],
    ],
    ids=["once too few", "another question", "something else since"],
)
def test_asking_something_else_or_less_often_is_no_loop(asked: list[str]) -> None:
    assert POLICY.decide(turn_of(*(customer(text, n) for n, text in enumerate(asked))), draft()) is None


def test_the_turn_cap_counts_replies_of_the_ai_agent() -> None:
    assert passed_on(after(TURN_CAP - 1), draft()) is None
    decided = passed_on(after(TURN_CAP), draft())
    assert decided is not None
    assert decided.reason is HandoffReason.TURN_CAP
    assert str(TURN_CAP) in decided.detail


@pytest.mark.parametrize("turn", [after(TURN_CAP, "thanks"), turn_of(*(customer("thanks", n) for n in range(AGAIN)))])
def test_small_talk_is_never_a_loop_nor_a_turn_too_many(turn: TurnInput) -> None:
    assert passed_on(turn, draft(kind=TurnKind.SMALL_TALK)) is None
    assert passed_on(turn, draft()) is not None


def test_the_first_rule_that_speaks_wins() -> None:
    repeated = asked_and_answered(TURN_CAP, "it caught fire")
    everything = turn_of(*repeated, customer("it caught fire", 99))
    gives_up = draft(decision=Decision.HANDOFF, reason=HandoffReason.UNGROUNDED)
    wanted = draft(kind=TurnKind.WANTS_PERSON, decision=Decision.HANDOFF, reason=HandoffReason.UNGROUNDED)
    harmless = turn_of(*asked_and_answered(TURN_CAP, "where is it"), customer("where is it", 99))
    order = [
        passed_on(everything, wanted),
        passed_on(everything, gives_up),
        passed_on(harmless, gives_up),
        passed_on(harmless, draft()),
        passed_on(after(TURN_CAP), draft()),
    ]
    assert [decided.reason if decided else None for decided in order] == [
        HandoffReason.CUSTOMER_ASKED,
        HandoffReason.RESERVED_TOPIC,
        HandoffReason.UNGROUNDED,
        HandoffReason.LOOP,
        HandoffReason.TURN_CAP,
    ]


def test_the_decision_is_the_same_every_time() -> None:
    turn = turn_of(customer("I'll sue you"))
    assert len({passed_on(turn, draft()) for _ in range(20)}) == 1


def test_the_same_question_in_other_words_three_times_offers_a_person_once() -> None:
    asked = ["how long does shipping take", "How long will the shipping take?", "and how long does shipping take"]
    messages = [message for n, text in enumerate(asked) for message in (customer(text, 2 * n), ai("soon", 2 * n + 1))]
    assert offered(turn_of(*messages[:3]), draft()) is None
    assert offered(turn_of(*messages[:5]), draft()) == "same question three times"
    elsewhere = [*messages[:3], ai(replies.OFFER, 3), *messages[4:5]]
    assert POLICY.decide(turn_of(*elsewhere), draft()) is None


@pytest.mark.parametrize(
    "text",
    [
        "how do I contact you?",
        "how can i reach customer service",
        "what's your phone number",
        "wie kann ich euch erreichen?",
        "comment vous contacter ?",
    ],
)
def test_who_asks_how_to_reach_us_gets_the_answer_and_an_offer(text: str) -> None:
    assert offered(turn_of(customer(text)), draft()) == "asks how to reach us"


@pytest.mark.parametrize("text", ["how do I contact the courier's depot", "can I change my phone number"])
def test_who_asks_about_others_numbers_is_answered(text: str) -> None:
    assert POLICY.decide(turn_of(customer(text)), draft()) is None


ANGRY = draft(anger=0.9)
OFFER = ai(f"Here you are.\n\n{replies.OFFER}", 2)


def test_an_angry_customer_is_offered_a_person_once_and_gets_one_if_they_say_nothing_to_it() -> None:
    first = customer("this is ridiculous", 1)
    assert offered(turn_of(first), ANGRY) == "angry"
    still = passed_on(turn_of(first, OFFER, customer("STILL BROKEN", 3)), ANGRY)
    assert still is not None
    assert (still.reason, still.rule) == (HandoffReason.FRUSTRATION, "still angry")


def test_who_declined_the_offer_is_neither_asked_nor_passed_on_for_anger_again() -> None:
    declined = turn_of(customer("ridiculous", 1), OFFER, customer("no thanks", 3), ai("ok", 4), customer("STILL", 5))
    assert POLICY.decide(declined, ANGRY) is None


def test_an_offer_in_an_earlier_episode_counts() -> None:
    turn = turn_of(customer("this is ridiculous", 9))
    assert POLICY.decide(replace(turn, earlier=(OFFER,)), ANGRY) is None


def test_abuse_is_refused_once_and_then_goes_to_a_person() -> None:
    abuse = draft(kind=TurnKind.ABUSE)
    assert POLICY.decide(turn_of(customer("you stupid bot", 1)), abuse) is None
    again = passed_on(turn_of(customer("you stupid bot", 1), ai("…", 2), customer("fuck you", 3)), abuse)
    assert again is not None
    assert (again.reason, again.detail) == (HandoffReason.ABUSE, "The customer was abusive 2 times.")


def test_every_decision_names_its_rule() -> None:
    for turn, drafted in (
        (turn_of(customer("x")), draft(kind=TurnKind.WANTS_PERSON)),
        (turn_of(customer("I'll sue you")), draft()),
        (turn_of(customer("x")), draft(decision=Decision.HANDOFF, detail="Nothing fits.")),
        (after(TURN_CAP), draft()),
    ):
        decided = passed_on(turn, drafted)
        assert decided is not None
        assert decided.rule
        assert decided.detail
