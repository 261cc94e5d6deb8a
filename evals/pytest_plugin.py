"""Evals as tests: ask Baton in a sandbox, and assert what it said, decided and did.

    def test_returns(baton_sample):
        assert_reply(baton_sample("How long can I return things?"), says="45 days", cites="return-window")

    @pytest.mark.baton_samples("questions.csv")        # one test for each sample of the file
    def test_questions(baton_sample, sample):
        assert_reply(baton_sample(sample))

pytest loads it where Baton is installed. Nothing heavy is imported before a test asks for `baton_sample`: every other
test run only pays for reading this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evals.asking import Asker, Reply
    from evals.sample import Sample

__all__ = ["assert_reply"]

_LISTS = ("says", "never_says", "cites", "relevant", "reasons", "never_calls", "tone")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("baton", "Baton's evals")
    group.addoption("--baton-demo", action="store_true", help="ask the demo shop with its help center")
    group.addoption(
        "--baton-articles",
        action="append",
        metavar="PATH",
        help="answer from these articles, not from what is ingested",
    )
    parser.addini("baton_demo", "ask the demo shop with its help center", type="bool", default=False)
    parser.addini("baton_articles", "articles to answer from", type="paths", default=[])


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "baton_samples(file): run the test once for each sample of the file, as `sample`"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("baton_samples")
    if marker is None:
        return
    from evals.sample_files import BadSamples, read_samples  # noqa: PLC0415

    file = Path(str(marker.args[0]))
    beside = metafunc.definition.path.parent / file
    try:
        samples = read_samples([beside if beside.exists() else file])
    except (BadSamples, OSError) as bad:
        raise pytest.UsageError(f"{file}: {bad}") from None
    metafunc.parametrize("sample", samples, ids=[one.id for one in samples])


@pytest.fixture(scope="session")
def _baton(pytestconfig: pytest.Config) -> Iterator[Asker]:
    """One sandbox of the service for the session: each sample begins anew in it."""
    from evals.asking import asking  # noqa: PLC0415

    articles = pytestconfig.getoption("--baton-articles") or pytestconfig.getini("baton_articles")
    demo = bool(pytestconfig.getoption("--baton-demo") or pytestconfig.getini("baton_demo"))
    with asking(articles=tuple(map(str, articles)), demo=demo) as asker:
        yield asker


@pytest.fixture
def baton_sample(_baton: Asker, request: pytest.FixtureRequest) -> Any:  # noqa: ANN401 - a function with open keywords
    """A function that runs a sample, or what a customer says and presses in turn, and returns a Reply.

    `baton_sample("Refund me, NP-49127", {"confirm": True}, customer="maya")`: further keywords are a sample's fields.
    """

    def run(*steps: Sample | str | Mapping[str, object], **fields: object) -> Reply:
        return _baton.ask(request.node.name, steps, fields)

    return run


def assert_reply(reply: Reply, **expect: object) -> None:
    """Fail with the conversation where the reply is not as the sample's own `expect` and these keywords want it.

    The keywords are those of `expect` in a sample (docs/evals.md); a single text stands for a list of one. Sentences
    that no source supports fail in any case.
    """
    __tracebackhide__ = True
    wanted = {name: [one] if name in _LISTS and isinstance(one, str) else one for name, one in expect.items()}
    problems = reply.problems(wanted)
    if problems:
        pytest.fail("\n".join([*(f"- {one}" for one in problems), "", reply.told()]), pytrace=False)
