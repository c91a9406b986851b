"""Structs: a dict of features."""

from typing import Any

from reader.features.kinds import CellError, Conversion


def convert(feature: Any, value: Any, conversion: Conversion) -> Any:
    """An object with the fields of the type, in their order; a missing one is null."""
    if not isinstance(value, dict):
        raise CellError("an object was expected")
    return {name: conversion.part(part, value.get(name)) for name, part in feature.items()}
