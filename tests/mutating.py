"""Breaks a module on purpose, one small way at a time, and counts which breakages its tests notice.

`python -m tests.mutating tools/policy.py tests/tools/test_policy.py …` changes comparisons, and/or, conditions, sums,
numbers, truth values, what is returned, and leaves calls out; the tests run on SQLite, in a process for each mutant.
`--every N --from K` takes a sample; name the tests first that notice most. Writes survivors and the score.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

import pytest

_SECONDS = 120
_LOADED_ONCE = (
    "hypothesis",
    "pytest_asyncio",
    "sqlalchemy.ext.asyncio",
    "fastapi",
    "jwt",
    "alembic.command",
    "psycopg",
)
"""Before the mutants' processes are forked, so that none of them has to."""
_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    line: int
    what: str
    tree: ast.Module


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every mutant of a module's source, in the order of its lines."""
    tree = ast.parse(source)
    places = [(node, name, at) for node, name, at in _places(tree)]
    for n, (node, _, _) in enumerate(places):
        for what, changed in _changes(node):
            twin = copy.deepcopy(tree)
            parent, name, at = _find(twin, n)
            _put(parent, name, at, ast.copy_location(changed, node))
            yield Mutant(line=node.lineno, what=what, tree=ast.fix_missing_locations(twin))


def _places(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str, int | None]]:
    for _, name, at, node in _walk(tree):
        yield node, name, at


def _find(tree: ast.Module, n: int) -> tuple[ast.AST, str, int | None]:
    for place, (parent, name, at, _) in enumerate(_walk(tree)):
        if place == n:
            return parent, name, at
    raise LookupError(n)


def _walk(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.expr | ast.stmt]]:
    """Expressions and statements that do something: no types, decorators, docstrings, log lines or words."""
    for name, value in ast.iter_fields(parent):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        children = (
            [(None, value)] if isinstance(value, ast.AST) else list(enumerate(value)) if isinstance(value, list) else []
        )
        for at, child in children:
            if not isinstance(child, ast.AST) or _is_talk(child):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield parent, name, at, child
            yield from _walk(child)


def _is_talk(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and (
        isinstance(node.value, ast.Constant) or ast.unparse(node.value).startswith(("log.", "await log."))
    )


def _put(parent: ast.AST, name: str, at: int | None, node: ast.AST) -> None:
    if at is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[at] = node


def _changes(node: ast.expr | ast.stmt) -> Iterator[tuple[str, ast.expr | ast.stmt]]:
    return _changed_statements(node) if isinstance(node, ast.stmt) else _changed_expressions(node)


def _changed_expressions(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=comparators) if type(op) in _COMPARED:
            yield "comparison", ast.Compare(left=left, ops=[_COMPARED[type(op)]()], comparators=comparators)
        case ast.BoolOp(op=op, values=values):
            yield "and/or", ast.BoolOp(op=ast.Or() if isinstance(op, ast.And) else ast.And(), values=values)
            yield "first left out", values[1] if len(values) == 2 else ast.BoolOp(op=op, values=values[1:])
            yield "last left out", values[0] if len(values) == 2 else ast.BoolOp(op=op, values=values[:-1])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not left out", operand
        case ast.IfExp(body=body, orelse=orelse):
            yield "always first", body
            yield "always second", orelse
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _COMPUTED and not _is_words(node):
            yield "sum", ast.BinOp(left=left, op=_COMPUTED[type(op)](), right=right)
        case ast.Constant(value=bool(value)):
            yield "truth", ast.Constant(value=not value)
        case ast.Constant(value=int(value)):
            yield "number", ast.Constant(value=value + 1)


def _changed_statements(node: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
    match node:
        case ast.If(body=body, orelse=orelse):
            yield "condition always holds", ast.If(test=ast.Constant(value=True), body=body, orelse=orelse)
            yield "condition never holds", ast.If(test=ast.Constant(value=False), body=body, orelse=orelse)
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield "returns None", ast.Return(value=ast.Constant(value=None))
        case ast.Expr(value=ast.Await() | ast.Call()):
            yield "call left out", ast.Pass()
        case ast.Raise():
            yield "raise left out", ast.Pass()
        case ast.Continue():
            yield "break for continue", ast.Break()


def _is_words(node: ast.BinOp) -> bool:
    return any(isinstance(side, ast.JoinedStr | ast.Constant) and not isinstance(getattr(side, "value", 0), int | float)
               for side in (node.left, node.right))  # fmt: skip


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the mutant under the module's name."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(fullname, self, origin=str(self.path)) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(self.code, module.__dict__)  # noqa: S102 - the very module, changed in one place


def survives(module: Path, mutant: Mutant, tests: list[str]) -> bool:
    """Whether all tests pass with the mutant; one that hangs is noticed."""
    name = ".".join(module.with_suffix("").parts)
    code = compile(mutant.tree, str(module), "exec")
    child = os.fork()
    if child == 0:
        os.setsid()
        ours = {folder.parent.name for folder in Path().glob("*/__init__.py")}
        for loaded in [one for one in sys.modules if one.partition(".")[0] in ours]:
            del sys.modules[loaded]  # whoever imported the module before must import the mutant now
        sys.meta_path.insert(0, Instead(name, module, code))
        with contextlib.suppress(OSError), Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        options = ["-q", "-x", "-p", "no:cacheprovider", "-k", "not postgresql", "--timeout", "60"]
        os._exit(0 if pytest.main([*options, *tests]) == pytest.ExitCode.OK else 1)
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first")
    asked = parser.parse_args()
    for module in _LOADED_ONCE:
        importlib.import_module(module)
    every = list(mutants_of(asked.module.read_text()))
    chosen = every[asked.first :: asked.every]
    left = []
    for mutant in chosen:
        if all(survives(asked.module, mutant, [one]) for one in asked.tests):  # the first ones notice most
            left.append(mutant)
            say(f"{asked.module}:{mutant.line}: {mutant.what}")
    killed = len(chosen) - len(left)
    say(f"{asked.module}: {killed} of {len(chosen)} noticed ({killed / max(len(chosen), 1):.0%}), of {len(every)}")


if __name__ == "__main__":
    main()
