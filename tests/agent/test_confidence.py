import pytest

from agent.confidence import ConfidenceModel, Signal, evidence_of, nothing_found, read_model, shipped_model
from agent.responders.extractive import NOTHING, answer
from knowledge_base.model import SearchResult
from tests.agent.cast import hit, question_vector


def found(hits: tuple[object, ...] = (), *, coverage: float = 1.0, unknown: tuple[str, ...] = ()) -> SearchResult:
    return SearchResult(
        question="how long do returns take",
        vector=question_vector(),
        hits=hits,  # type: ignore[arg-type]
        version="1",
        coverage=coverage,
        unknown_words=unknown,
    )


def test_contributions_and_intercept_add_up_to_the_log_odds() -> None:
    model = ConfidenceModel(
        intercept=0.0, signals={"dense": Signal(weight=1.0, mean=0.5, deviation=0.1)}, threshold=0.5
    )
    confidence = model.score({"dense": 0.6})
    assert confidence.contributions == {"dense": 1.0}
    assert confidence.value == pytest.approx(0.7311, abs=1e-4)
    assert not confidence.calibrated


def test_a_signal_that_is_missing_counts_as_average() -> None:
    model = ConfidenceModel(
        intercept=0.0, signals={"dense": Signal(weight=1.0, mean=0.5, deviation=0.1)}, threshold=0.5
    )
    assert model.score({}).value == 0.5


def test_the_shipped_weights_point_the_way_their_names_say() -> None:
    model = shipped_model()
    assert 0.3 <= model.threshold <= 0.9
    assert {"dense", "quote"} <= set(model.signals)
    for name in {"dense", "fused_margin", "quote", "quote_lead", "coverage", "quoted_words", "said"} & set(
        model.signals
    ):
        assert model.signals[name].weight >= 0
    assert "dense" in evidence_of(found(), NOTHING, follow_up=False)


def test_every_weighted_signal_is_measured() -> None:
    measured = evidence_of(found(), NOTHING, follow_up=False)
    assert set(shipped_model().signals) <= set(measured)


def test_a_better_search_gives_more_confidence() -> None:
    strong = found((hit("Returns", "Returns take 30 days.", dense=0.85, lexical=9.0),))
    weak = found((hit("Boots", "Wax them once a year.", dense=0.2, lexical=0.5),), coverage=0.0, unknown=("returns",))
    values = []
    for result in (strong, weak):
        quoted = answer(result.question, result.question, result.hits)
        values.append(shipped_model().score(evidence_of(result, quoted, follow_up=False)).value)
    assert values[0] > 0.7 > 0.3 > values[1]


def test_nothing_found_is_nearly_no_confidence() -> None:
    assert nothing_found({}).value < 0.05


def test_a_file_that_holds_no_model_is_refused() -> None:
    with pytest.raises((KeyError, ValueError)):
        read_model("{}")
