"""Each scorer on trials that it must tell apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest
from pydantic import JsonValue

from evals.sample import Sample
from evals.scorers import DECIDING, SCORERS, Score, passed, scores_of
from evals.scorers.tone import RULES
from evals.trial import ActionSeen, Called, Cited, Effect, Retrieved, SaidInTrial, Sentence, ShopAfter, Trial, TurnTaken

PASSAGE = "You can return an item within 30 days of delivery. Return shipping is free only for members."


def sample(**expect: JsonValue) -> Sample:
    return Sample.model_validate({"id": "s", "question": "How long can I return it?", "expect": expect})


def found(*articles: str) -> tuple[Retrieved, ...]:
    return tuple(Retrieved(article=one, passage=f"{one}-1", title=one, score=0.5, text=PASSAGE) for one in articles)


def turn(decision: str = "answer", **more: Any) -> TurnTaken:  # noqa: ANN401 - any of its fields
    return TurnTaken(**{"decision": decision, "kind": "question", "question": "q", **more})


def said(text: str, *cites: str, role: Literal["customer", "ai_agent"] = "ai_agent", at: int = 0) -> SaidInTrial:
    citations = tuple(
        Cited(marker=place, article=one, passage=f"{one}-1", title=one, quote=PASSAGE)
        for place, one in enumerate(cites, start=1)
    )
    return SaidInTrial(role=role, text=text, turn=at, citations=citations)


def asked(text: str, at: int = 0) -> SaidInTrial:
    return said(text, role="customer", at=at)


def trial(*messages: SaidInTrial, turns: tuple[TurnTaken, ...] = (), **more: Any) -> Trial:  # noqa: ANN401
    return Trial(sample="s", messages=messages, turns=turns or (turn(),), **more)


def scored(name: str, of: Sample, result: Trial) -> Score | None:
    return next((score for score in scores_of(of, result) if score.name == name), None)


def value(name: str, of: Sample, result: Trial) -> tuple[float, bool] | None:
    score = scored(name, of, result)
    return None if score is None else (round(score.value, 3), score.passed)


def test_each_score_has_its_own_name_and_those_that_decide_exist() -> None:
    whole = sample(
        relevant=["a"], says=["30 days"], never_says=["60 days"], cites=["a"], decision="hand_off", language="en",
        tool_calls=[{"tool": "order_status"}], never_calls=["refund"], end_state={"no_effects": True},
        tone=["no_jokes"], max_turns=2, max_seconds=5,
    )  # fmt: skip
    result = trial(
        asked("Can I?"),
        said("You can return an item within 30 days of delivery [1]. Which order is it?", "a"),
        turns=(turn("hand_off", reason="low_confidence", retrieved=found("a")),),
        brief={"wants": {"text": "Can I?"}},
        goal_reached=True,
    )
    first = [score.name for score in scores_of(whole, result)]
    second = [score.name for score in scores_of(sample(decision="answer"), result)]
    names = {*first, *second}
    assert len(first) == len(set(first))
    assert len(names) == len(SCORERS)
    assert names >= DECIDING


TABLE = """| To | Standard |
|---|---|
| Canada | $12.95, free from $150 |
| Alaska | $14.95 |
| Guam | not refundable |

- mold, or [burns](/help/x)"""


def test_rows_and_points_that_are_quoted_word_for_word_are_grounded_and_changed_ones_are_not() -> None:
    def graded(text: str, responder: str = "extractive") -> bool | None:
        retrieved = (Retrieved(article="a", passage="a-1", title="Costs", score=0.5, text=TABLE),)
        result = trial(asked("Canada?"), said(text, "a"), turns=(turn(retrieved=retrieved, responder=responder),))
        score = scored("grounding", sample(), result)
        return score.passed if score else None

    assert graded(
        "**Shipping** [1]\n\n- **Canada** – Standard: $12.95, free from $150\n- **Alaska** – Standard: $14.95"
    )
    assert graded(
        "Not covered: mold, or burns [1]\n\nIf that isn't what you meant, just say so and I'll pass you to a person."
    )
    assert not graded("**Canada** – Standard: $19.95 [1]")
    assert not graded("Not covered: mold, or theft [1]")
    assert graded("covered: mold, or burns [1]"), "a quotation may begin within a line"
    assert not graded("covered: mold, or burns [1]", responder="llm"), "a model may not: it turns the line round"
    assert graded("**Guam** – Standard: not refundable [1]", responder="llm")
    assert not graded("**Guam** – Standard: refundable [1]", responder="llm"), "nor may it cut a cell"
    assert not graded("**Everything is free for ever** [1]\n\n- **Alaska** – Standard: $14.95", responder="llm")


def test_a_sample_that_expects_nothing_is_asked_only_whether_it_ran_and_stayed_grounded() -> None:
    assert [score.name for score in scores_of(sample(), trial(said("Hello.")))] == ["completed"]


@pytest.mark.parametrize(
    ("articles", "hit", "recall", "mrr", "ndcg"),
    [
        (("a", "b"), 1.0, 1.0, 1.0, 1.0),
        (("x", "a", "a", "b"), 1.0, 1.0, 0.5, 0.693),
        (("x", "y", "a"), 1.0, 0.5, 0.333, 0.307),
        (("x",), 0.0, 0.0, 0.0, 0.0),
        (("v", "w", "x", "y", "z", "a"), 0.0, 0.0, 0.0, 0.0),
    ],
)
def test_retrieval(articles: tuple[str, ...], hit: float, recall: float, mrr: float, ndcg: float) -> None:
    of, result = (
        sample(relevant=["a", "b"]),
        trial(turns=(turn(retrieved=found("q")), turn(retrieved=found(*articles)))),
    )
    assert [value(name, of, result) for name in ("hit", "recall", "mrr", "ndcg")] == [
        (one, hit > 0) for one in (hit, recall, mrr, ndcg)
    ]


def test_facts_are_found_in_any_case_and_marking_but_not_across_replies() -> None:
    of = sample(says=["30 days|one month", "free"])
    assert value("facts", of, trial(said("Within **30\u00a0Days** [1], FREE."))) == (1.0, True)
    assert value("facts", of, trial(said("Within 30"), said("days, one month at most"))) == (0.5, False)
    assert value("facts", sample(says=["30 days"]), trial(said("Within 30"), said("days"))) == (0.0, False)
    assert value("facts", of, trial(asked("Is it 30 days and free?"), said("No."))) == (0.0, False)


def test_what_must_never_be_said_counts_in_every_reply() -> None:
    of = sample(never_says=["90 days|three months"])
    assert value("never_says", of, trial(said("Within 30 days."))) == (1.0, True)
    assert value("never_says", of, trial(said("Three  months!"), said("Sorry, 30 days."))) == (0.0, False)


def test_citations() -> None:
    of = sample(relevant=["a"], cites=["a|b", "c"])
    both = trial(said("x", "b", "c", "d"))
    assert value("cites", of, both) == (1.0, True)
    assert value("citation_precision", of, both) == (0.667, True)
    assert value("cites", of, trial(said("x", "d", "a"))) == (0.5, False)
    assert value("citation_precision", of, trial(said("x", "d", "a"))) == (0.5, False)
    assert value("citation_precision", of, trial(said("x"))) is None


@pytest.mark.parametrize(
    ("expected", "turned", "names"),
    [
        ("answer", turn("answer"), {"decision": True, "no_needless_handoff": True}),
        (
            "answer|clarify",
            turn("hand_off", reason="low_confidence"),
            {"decision": False, "no_needless_handoff": False, "handoff_precision": False},
        ),
        ("hand_off", turn("answer"), {"decision": False, "no_false_answer": False, "handoff_recall": False}),
        (
            "hand_off",
            turn("hand_off", reason="abuse"),
            {"decision": True, "no_false_answer": True, "handoff_recall": True, "handoff_precision": True},
        ),
        ("clarify", turn("answer"), {"decision": False, "no_false_answer": False, "no_needless_handoff": True}),
    ],
)
def test_each_mistake_of_a_decision_has_its_name(expected: str, turned: TurnTaken, names: dict[str, bool]) -> None:
    scores = scores_of(sample(decision=expected), trial(turns=(turned,)))
    kinds = ("decision", "handoff_recall", "handoff_precision", "no_false_answer", "no_needless_handoff")
    assert {score.name: score.passed for score in scores if score.name in kinds} == names


def test_a_handoff_for_another_reason_is_not_the_expected_one() -> None:
    of = sample(decision="hand_off", reasons=["customer_asked"])
    assert value("decision", of, trial(turns=(turn("hand_off", reason="customer_asked"),))) == (1.0, True)
    wrong = scored("decision", of, trial(turns=(turn("hand_off", reason="low_confidence"),)))
    assert wrong == Score(
        name="decision", value=0.0, passed=False, why="handed off for low_confidence, expected customer_asked"
    )


def called(tool: str, **arguments: JsonValue) -> Called:
    return Called(tool=tool, arguments=arguments, ok=True, code="found", message="It is on its way.")


def test_each_expected_call_needs_a_call_of_its_own() -> None:
    of = sample(tool_calls=[{"tool": "t", "arguments": {"order": "NP-1"}}, {"tool": "t"}], never_calls=["refund"])
    two = turn(tool_calls=(called("t", order="np-1", more=1), called("t")))
    assert value("tool_calls", of, trial(turns=(two,))) == (1.0, True)
    assert value("tool_calls", of, trial(turns=(turn(tool_calls=(called("t", order="NP-1"),)),))) == (0.5, False)
    assert value("tool_calls", of, trial(turns=(turn(tool_calls=(called("t", order="NP-2"),)),))) == (0.5, False)
    assert value("never_calls", of, trial(turns=(two,))) == (1.0, True)
    assert value("never_calls", of, trial(turns=(turn(tool_calls=(called("refund"),)),))) == (0.0, False)


def refund(order: str, amount: int) -> Effect:
    return Effect(kind="refund", what=order, field="amount", before=None, after=amount)


@pytest.mark.parametrize(
    ("wanted", "right"),
    [
        ({"no_effects": True}, False),
        ({"refunded": {"NP-1": 500}}, True),
        ({"refunded": {"NP-1": 400}}, False),
        ({"refunded": {}}, False),
        ({"orders": {"NP-1": {"status": "delivered"}}}, True),
        ({"orders": {"NP-1": {"ship_to": {"city": "Oslo"}}}}, True),
        ({"orders": {"NP-1": {"status": "cancelled"}}}, False),
        ({"orders": {"NP-2": {"status": "delivered"}}}, False),
        ({"actions": [{"kind": "refund", "order": "NP-1", "amount_minor": 500}]}, True),
        ({"actions": [{"kind": "refund"}, {"kind": "refund"}]}, False),
        ({"actions": [{"kind": "refund", "state": "declined"}]}, False),
    ],
)
def test_the_shop_afterwards(wanted: dict[str, Any], right: bool) -> None:
    shop = ShopAfter(
        orders={"NP-1": {"status": "delivered", "ship_to": {"city": "Oslo", "street": "x"}}},
        effects=(refund("NP-1", 200), refund("NP-1", 300)),
    )
    result = trial(shop=shop, actions=(ActionSeen(kind="refund", order="NP-1", state="succeeded", amount_minor=500),))
    assert value("end_state", sample(end_state=wanted), result) == (float(right), right)


def test_nothing_changed_is_no_effects() -> None:
    assert value("end_state", sample(end_state={"no_effects": True, "refunded": {}}), trial()) == (1.0, True)


def test_an_unsupported_sentence_is_seen_even_if_the_agent_says_that_it_checked() -> None:
    blind = turn(retrieved=found("a"), sentences=(Sentence(text="You have 60 days.", source="a-1", score=1.0),))
    good = trial(said("You can return an item within 30 days of delivery [1].", "a"), turns=(blind,))
    bad = trial(said("You can return an item within 60 days of delivery [1]. Thanks!", "a"), turns=(blind,))
    assert value("grounding", sample(), good) == (1.0, True)
    assert value("grounding", sample(), bad) == (0.5, False)


def test_what_a_tool_said_supports_a_sentence_from_then_on() -> None:
    late = turn(tool_calls=(called("order_status"),))
    after = trial(said("It is on its way.", "a", at=1), turns=(turn(), late))
    before = trial(said("It is on its way.", "a", at=0), turns=(turn(), late))
    assert value("grounding", sample(), after) == (1.0, True)
    assert value("grounding", sample(), before) == (0.0, False)


BRIEF: dict[str, Any] = {
    "wants": {"text": "Where is my order?"}, "reason": {"code": "low_confidence", "words": "Not sure"},
    "next_step": "Answer.", "language": "English", "mood": "neutral", "customer": {"proof": "not verified"},
    "answered": [], "tools": [{"name": "order_status", "ok": True}], "promises": [],
}  # fmt: skip


def handed_off(**brief: JsonValue) -> Trial:
    last = turn("hand_off", reason="low_confidence", tool_calls=(called("order_status"),))
    return trial(asked("Where is my order?"), turns=(last,), brief={**BRIEF, **brief})


def test_a_whole_and_true_brief() -> None:
    assert value("brief_completeness", sample(), handed_off()) == (1.0, True)
    assert value("brief_truth", sample(), handed_off()) == (1.0, True)
    assert value("brief_truth", sample(), trial(said("Hi."))) is None


@pytest.mark.parametrize(
    "lie",
    [
        {"wants": {"text": "A refund of 500"}},
        {"reason": {"code": "abuse", "words": "…"}},
        {"tools": [{"name": "refund", "ok": True}]},
        {"tools": [{"name": "order_status", "ok": False}]},
        {"answered": [{"answer": "It is free."}]},
        {"promises": [{"text": "We will call you."}]},
    ],
)
def test_a_brief_that_claims_what_was_not_is_untrue(lie: dict[str, Any]) -> None:
    score = scored("brief_truth", sample(), handed_off(**lie))
    assert score is not None
    assert not score.passed


def test_a_brief_that_leaves_out_the_tools_or_does_not_exist_is_incomplete() -> None:
    assert value("brief_completeness", sample(), handed_off(tools=[])) == (0.875, False)
    none = value("brief_completeness", sample(), replace(handed_off(), brief=None))
    assert none is not None
    assert not none[1]


def test_asking_twice_or_for_what_was_said_is_a_repeat() -> None:
    twice = trial(said("Which size did you order?"), asked("L"), said("Which size did you order?", at=1))
    known = trial(asked("Order NP-49127 is late"), said("What is your order number?"))
    fresh = trial(asked("It is late"), said("What is your order number?"), asked("NP-49127"), said("Is it this one?"))
    assert value("repeat_questions", sample(), twice) == (0.5, False)
    assert value("repeat_questions", sample(), known) == (0.0, False)
    assert value("repeat_questions", sample(), fresh) == (1.0, True)
    assert value("repeat_questions", sample(), trial(said("Done."))) is None


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ("apologises", "I am sorry about that.", "Noted."),
        ("no_blame", "You can find it under Orders.", "Obviously, you should have read it."),
        ("no_swearing", "That is a shame.", "What a damn mess."),
        ("no_jargon", "You have 30 days.", "Per our policy you have 30 days."),
        ("no_hard_promises", "It usually takes 3 days.", "I guarantee it takes 3 days."),
        ("no_jokes", "Your parcel is late.", "Your parcel is late, lol"),
        ("no_emoji", "Your parcel is late.", "Your parcel is late 🚚"),
        ("no_shouting", "Please read the FAQ on DHL.", "PLEASE READ THE FAQ"),
        ("no_criticism_of_the_shop", "The weather was terrible.", "We are the worst delivery company there is."),
        ("no_verse", "- one\n- two\n- three\n- four", "A shop once\nwould not stop\nto lose\nall shoes"),
        ("short", "word " * 120, "word " * 121),
        ("no_links_elsewhere", "See the page on returns.", "See https://evil.example/x"),
    ],
)  # fmt: skip
def test_each_rule_of_tone_is_kept_and_broken(rule: str, kept: str, broken: str) -> None:
    assert value("tone", sample(tone=[rule]), trial(said(kept))) == (1.0, True)
    assert value("tone", sample(tone=[rule]), trial(said(broken))) == (0.0, False)


def test_every_rule_of_tone_is_tried_above_and_an_unknown_one_says_which_there_are() -> None:
    marks = test_each_rule_of_tone_is_kept_and_broken.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marks[0].args[1]} == set(RULES)
    score = scored("tone", sample(tone=["poliet"]), trial(said("Hi.")))
    assert score is not None
    assert not score.passed
    assert "there are apologises, no_blame" in score.why


def test_language() -> None:
    german = sample(language="de")
    assert value("language", german, trial(said("Sie können die Bestellung zurückgeben."))) == (1.0, True)
    assert value("language", german, trial(said("You can return the order."))) == (0.0, False)
    assert value("language", german, trial(said("OK"))) == (0.0, False)


def test_budgets() -> None:
    slow = trial(turns=(turn(seconds=4.0), turn(seconds=1.0), turn()))
    assert value("turns", sample(max_turns=3), slow) == (1.0, True)
    assert value("turns", sample(max_turns=1), slow) == (0.333, False)
    assert value("seconds", sample(max_seconds=2), slow) == (0.5, False)
    assert value("seconds", sample(max_seconds=4), slow) == (1.0, True)


def test_a_trial_passes_that_passes_all_that_decides() -> None:
    of = sample(relevant=["a"], says=["30 days"])
    right = trial(said("Within 30 days."), turns=(turn(retrieved=found("x")),))
    assert not all(score.passed for score in scores_of(of, right))  # the article was not found
    assert passed(scores_of(of, right))
    assert not passed(scores_of(of, replace(right, error="the model went away")))
    assert not passed(scores_of(of, trial(said("Within 60 days."))))
