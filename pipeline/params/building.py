"""Builds a frozen dataclass from a YAML mapping: what is unknown, missing or out of its range is named."""

import dataclasses
import difflib
import math
import types
import typing
from typing import Any, Literal

from pipeline.errors import ParamsError


def build(kind: Any, raw: Any, name: str) -> Any:
    """Return one section, or the whole file, from its YAML mapping; `name` is its dotted name, "" for the whole.

    Raises
    ------
    ParamsError
        If a value is unknown, missing, of the wrong type, not a number, or out of its range.
    """
    if not isinstance(raw, dict):
        raise ParamsError(f"{name or 'params.yaml'}: expected a mapping of names to values, got {raw!r}; "
                          "write lines of `name: value`, as `pipeline init` does in a new project")  # fmt: skip
    prefix = f"{name}." if name else ""
    hints, fields = typing.get_type_hints(kind), dataclasses.fields(kind)
    for key in raw:
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1)
            remedy = f"did you mean {prefix}{near[0]}?" if near else f"known are {', '.join(hints)}"
            raise ParamsError(f"{prefix}{key}: unknown key; {remedy}")
    for key in hints:
        if key not in raw:
            raise ParamsError(
                f"{prefix}{key}: missing; add it to params.yaml, as it stands in the one that `pipeline init` writes"
            )
    return kind(**{f.name: _value(hints[f.name], raw[f.name], prefix + f.name, dict(f.metadata)) for f in fields})


def _value(hint: Any, raw: Any, name: str, limits: dict[str, float]) -> Any:
    """One checked value; a mapping is built by its own section."""
    if dataclasses.is_dataclass(hint):
        return build(hint, raw, name)
    if typing.get_args(hint)[1:] == (...,):
        return _words(typing.get_args(typing.get_args(hint)[0]), raw, name)
    is_union = typing.get_origin(hint) in (types.UnionType, typing.Union)
    kinds = typing.get_args(hint) if is_union else (hint,)
    words = [word for kind in kinds if typing.get_origin(kind) is Literal for word in typing.get_args(kind)]
    if isinstance(raw, list) and any(typing.get_origin(kind) is tuple for kind in kinds) and len(raw) == 3:
        return tuple(_value(float, number, f"{name}[{i}]", limits) for i, number in enumerate(raw))
    if isinstance(raw, str) and (raw in words or (str in kinds and raw)):
        return raw
    if type(raw) is int and float in kinds and abs(raw) <= limits["maximum"]:
        raw = float(raw)
    if type(raw) in kinds and type(raw) in (int, float) and limits["minimum"] <= raw <= limits["maximum"]:
        return raw
    raise ParamsError(f"{name}: expected {_expected(kinds, words, limits)}, got {raw!r}{_hint(raw, kinds)}")


def _words(known: tuple[str, ...], raw: Any, name: str) -> tuple[str, ...]:
    """Return a list of some of the known words, none of them twice; where none are known, of any texts."""
    if isinstance(raw, list) and not known and all(isinstance(word, str) and word for word in raw):
        return tuple(raw)
    if not known:
        raise ParamsError(f"{name}: expected a list of texts, [] for none, got {raw!r}; put each of them in quotes")
    if isinstance(raw, list) and all(word in known for word in raw) and len(set(raw)) == len(raw):
        return tuple(raw)
    raise ParamsError(f"{name}: expected a list of some of {', '.join(known)}, each once at most, got {raw!r}")


def _expected(kinds: tuple[Any, ...], words: list[str], limits: dict[str, float]) -> str:
    alternatives = [repr(word) for word in words]
    if int in kinds or float in kinds:
        article = "an integer" if int in kinds else "a number"
        alternatives.append(f"{article} from {limits['minimum']:,} to {limits['maximum']:,}")
    if any(typing.get_origin(kind) is tuple for kind in kinds):
        alternatives.append("three of them, for red, green and blue")
    if str in kinds:
        alternatives.append("a text that is not empty")
    return " or ".join(alternatives)


def _hint(raw: Any, kinds: tuple[Any, ...]) -> str:
    """YAML 1.1 reads 1e-3, which has no dot, as a text; say how to write it."""
    if isinstance(raw, str) and (float in kinds or int in kinds):
        try:
            number = float(raw)
        except ValueError:
            return ""
        if math.isfinite(number):
            return f" (a text to YAML); write {number:.12f}".rstrip("0").rstrip(".")
    return ""
