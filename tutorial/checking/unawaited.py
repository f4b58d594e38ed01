"""Finds calls of coroutine functions without `await`, which do nothing, and about which nobody may complain.

Reads the source and runs nothing. Only calls that are statements of their own, and whose name leaves no doubt, are
found: those of a channel layer, of the consumer itself, of the ORM, of asyncio, and of the project's own `async def`.
"""

import ast
import inspect
import re
from dataclasses import dataclass
from pathlib import Path

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import InMemoryChannelLayer
from django.db.models import Model, QuerySet


def coroutines_of(*owners: type) -> set[str]:
    names = [(owner, name) for owner in owners for name in dir(owner) if not name.startswith("_")]
    return {name for owner, name in names if inspect.iscoroutinefunction(getattr(owner, name))}


OF_LAYERS = coroutines_of(InMemoryChannelLayer)
LAYER = re.compile(r"\bchannel_layer$|\bget_channel_layer\(.*\)$")
OF_CONSUMERS = coroutines_of(AsyncJsonWebsocketConsumer)
OF_MODELS = coroutines_of(Model, QuerySet) | {"aadd", "aclear", "aremove", "aset"}  # the last four are a relation's


@dataclass(frozen=True)
class Call:
    path: str
    line: int
    name: str  # self.channel_layer.group_send


def find_unawaited(folder: Path) -> list[Call]:
    files = sorted(path.relative_to(folder) for path in folder.rglob("*.py"))
    return [call for path in files for call in calls_in(folder, path)]


def calls_in(folder: Path, path: Path) -> list[Call]:
    try:
        tree = ast.parse((folder / path).read_bytes())
    except (SyntaxError, ValueError):
        return []  # Python says that better, as soon as the project is started
    reader = Reader(tree)
    reader.visit(tree)
    return [Call(path.as_posix(), call.lineno, ast.unparse(call.func)) for call in reader.found]


class Reader(ast.NodeVisitor):
    """Goes through a module, and knows in which class and function it is."""

    def __init__(self, module: ast.Module) -> None:
        self.found: list[ast.Call] = []
        self._functions = methods_of(module)  # by name, whether it is a coroutine function
        self._methods: dict[str, bool] = {}
        self._is_async = False

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer, self._methods = self._methods, methods_of(node)
        self.generic_visit(node)
        self._methods = outer

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._enter(node, is_async=True)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._enter(node, is_async=False)

    def visit_Expr(self, node: ast.Expr) -> None:
        if self._is_async and isinstance(node.value, ast.Call) and self._is_coroutine(node.value.func):
            self.found.append(node.value)

    def _enter(self, node: ast.AST, *, is_async: bool) -> None:
        outer, self._is_async = self._is_async, is_async
        self.generic_visit(node)
        self._is_async = outer

    def _is_coroutine(self, function: ast.expr) -> bool:
        match function:
            case ast.Name(name):
                return self._functions.get(name, False)
            case ast.Attribute(ast.Name("self"), name) if name in self._methods:
                return self._methods[name]
            case ast.Attribute(ast.Name("asyncio"), "sleep"):
                return True
            case ast.Attribute(owner, name):
                return name in (OF_LAYERS if LAYER.search(ast.unparse(owner)) else OF_MODELS)
        return False


def methods_of(scope: ast.Module | ast.ClassDef) -> dict[str, bool]:
    """By name, whether each function of a module or class is a coroutine function."""
    inherited: dict[str, bool] = {}
    if isinstance(scope, ast.ClassDef) and any(is_async_consumer(base) for base in scope.bases):
        inherited = dict.fromkeys(OF_CONSUMERS, True)
    return inherited | {
        node.name: isinstance(node, ast.AsyncFunctionDef)
        for node in scope.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def is_async_consumer(base: ast.expr) -> bool:
    """AsyncWebsocketConsumer or its like. Another class may have methods of the same names that are to be called."""
    name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    return name.startswith("Async") and name.endswith("Consumer")
