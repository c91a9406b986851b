"""What is wrong with parameters, in words."""

from pydantic import ValidationError


def problem_of(error: ValidationError) -> str:
    """Each problem with the parameter that it is about, and never with its value, which may be long."""
    problems = error.errors(include_input=False, include_url=False)
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}" for problem in problems
    )
