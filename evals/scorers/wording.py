"""What each score means, in the words of a report: a support lead reads these."""

from __future__ import annotations

from typing import Final

MEANING: Final = {
    "passed": "trials that are right in all that decides",
    "completed": "came to an end without an error",
    "goal": "the simulated customer got what they came for",
    "decision": "answered, asked or handed off as it should",
    "facts": "said what a right answer says",
    "never_says": "said nothing that a wrong answer would say",
    "end_state": "orders and refunds are afterwards as they should be",
    "tool_calls": "called the right tools with the right arguments",
    "never_calls": "called no tool that it must not",
    "cites": "cited the articles that must be cited",
    "citation_precision": "of the cited articles, those that answer the question",
    "grounding": "sentences that a cited article or a tool's result supports",
    "handoff_recall": "of the handoffs that were needed, those that came",
    "handoff_precision": "of the handoffs that came, those that were needed",
    "no_false_answer": "where an answer would be wrong, gave none",
    "no_needless_handoff": "where no person is needed, called none",
    "hit": "found an article that answers the question among the first five",
    "recall": "of the articles that answer the question, those among the first five",
    "mrr": "how near to the top the first right article is (1 is the top, 0.5 the second place)",
    "ndcg": "how near to the top all right articles are",
    "brief_completeness": "of what a person needs to know, what the brief of a handoff has",
    "brief_truth": "of what the brief claims, what is so",
    "repeat_questions": "of the questions to the customer, those that were new",
    "tone": "rules of tone that were kept",
    "language": "replied in the right language",
    "turns": "done within the turns that the sample allows",
    "seconds": "done within the seconds that the sample allows",
}
