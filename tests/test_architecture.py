"""What the design promises about the tree itself, where no other tool looks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

import evals.command  # noqa: F401 - adds `baton eval`
from app.cli import cli

ROOT = Path(__file__).parent.parent
PACKAGES = ("agent", "app", "conversations", "evals", "handoff", "knowledge_base", "tools")
SERVICE = tuple(package for package in PACKAGES if package != "evals")
FORBIDDEN_MODULES = {"utils", "util", "common", "helpers", "helper", "core", "services", "manager", "managers", "misc"}
FORBIDDEN_WORDS = {
    "bot", "chatbot", "user", "users", "operator_id", "rep", "ticket", "tickets", "thread_id", "escalate",
    "escalation", "chunk", "chunks", "chunking", "document", "documents", "skill", "plugin",
}  # fmt: skip
LONGEST_FILE = 350


def sources(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def broad_excepts(tree: ast.AST) -> Iterator[ast.ExceptHandler]:
    """Handlers that catch everything and go on; cleaning up and raising again hides nothing."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        broad = any(kind is None or getattr(kind, "id", "") in ("Exception", "BaseException") for kind in caught)
        raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        if broad and not raises_again:
            yield node


def names_given(tree: ast.AST) -> Iterator[str]:
    """The names that a module gives to its own functions, classes, arguments and variables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def parts_of(name: str) -> set[str]:
    """The words of a name, and the whole name: LoadUsers → load, users, load_users."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
    return {snake, *snake.split("_")}


def test_no_module_is_named_after_nothing() -> None:
    parts = {named(path): {path.stem, *path.parent.parts} for path in sources(*PACKAGES, "tests")}
    bad = {
        path: found
        for path, names in parts.items()
        if (found := {name for name in names if name in FORBIDDEN_MODULES or re.fullmatch(r"v\d+|.*_v\d+", name)})
        and path != "tests/services.py"
    }
    assert bad == {}


def test_names_say_the_words_of_the_design() -> None:
    """`tests/` may say what strangers call things; library words (a chat role, a thread) are not names we give."""
    bad = {
        f"{named(path)}: {name}"
        for path in sources(*SERVICE)
        for name in names_given(ast.parse(path.read_text()))
        if parts_of(name) & FORBIDDEN_WORDS
    }
    assert bad == ALLOWED_NAMES


ALLOWED_NAMES = {
    "agent/wants_person.py: bot",  # the words for one, in six languages
    "app/scripted_replies.py: last_user",  # a role of the chat API that it stands in for
}


def test_one_handler_in_the_whole_service_catches_everything() -> None:
    found = [
        (named(path), handler.lineno)
        for path in sources(*SERVICE)
        for handler in broad_excepts(ast.parse(path.read_text()))
    ]
    assert [path for path, _ in found] == ["app/turn_runner.py"], found


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("try:\n  x()\nexcept Exception:\n  pass", 1),
        ("try:\n  x()\nexcept:\n  pass", 1),
        ("try:\n  x()\nexcept (OSError, BaseException) as e:\n  log(e)", 1),
        ("try:\n  x()\nexcept BaseException:\n  close()\n  raise", 0),
        ("try:\n  x()\nexcept Exception as e:\n  raise Other from e", 1),
        ("try:\n  x()\nexcept (OSError, ValueError):\n  pass", 0),
    ],
)
def test_the_search_for_broad_handlers_finds_them(code: str, count: int) -> None:
    assert len(list(broad_excepts(ast.parse(code)))) == count


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    long = {named(path): n for path in sources(*PACKAGES) if (n := len(path.read_text().splitlines())) > LONGEST_FILE}
    assert long == {}


def test_every_package_says_what_goes_in_what_comes_out_and_what_it_never_does() -> None:
    for package in PACKAGES:
        words = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text()))
        assert words, package
        assert 2 <= len(words.splitlines()) <= 6, package


def test_environment_variables_are_read_in_one_place() -> None:
    reading = re.compile(r"os\.(environ(\[|\.get\b)|getenv)")
    found = {named(path) for path in sources(*SERVICE) if reading.search(path.read_text())}
    assert found <= {"app/settings.py"}


def test_the_commands_of_the_readme_exist_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md", ".ci/run", "app/service.py"):
        if (ROOT / page).exists():
            asked = set(
                re.findall(r"(?:^|[`$=] ?|&& |\w )make ([a-z][a-z-]+)(?=[`\s;]|$)", (ROOT / page).read_text(), re.M)
            )
            named_here = {name for name in asked if name not in PROSE}
            assert named_here <= targets, page
    assert {"run", "test", "check", "bench"} <= targets


PROSE = {"a", "it", "sure", "the"}
"""Words that follow "make" in sentences."""


def test_the_readme_names_commands_of_baton_that_exist() -> None:
    baton = get_command(cli)
    assert isinstance(baton, TyperGroup)
    asked = set(re.findall(r"\bbaton ([a-z][a-z-]+)", (ROOT / "README.md").read_text()))
    assert asked
    assert asked <= set(baton.commands)


def test_make_prints_a_line_of_help_for_every_command_of_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for name in ("run", "test", "check", "bench", "setup", "unit"):
        assert re.search(rf"^{name}:.*## \w", makefile, flags=re.MULTILINE), name
