"""The GraphQL half of the fake: documents are checked against GitHub's schema and really executed.

A field that exists at GitHub and not here is a problem too, not silently null.
https://docs.github.com/graphql
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    execute_sync,
    get_operation_ast,
    get_variable_values,
    parse,
    validate,
)

from tests.github import contracts
from tests.github.graphql_mutations import MUTATIONS
from tests.github.graphql_objects import JSON, FieldError, repository
from tests.github.state import State


def answer(state: State, body: JSON) -> tuple[JSON, list[str]]:
    """GitHub's answer to a request's JSON, and the breaches of contract in it."""
    problems: list[str] = []
    text, variables = body.get("query"), body.get("variables") or {}
    if not isinstance(text, str) or not isinstance(variables, dict):
        return {"message": "A query attribute must be specified and must be a string."}, ["GraphQL: no query"]
    problems += [f"GraphQL: unknown member {name}" for name in body.keys() - {"query", "variables", "operationName"}]
    try:
        return _execute(state, text, variables, body.get("operationName"), problems), problems
    except GraphQLError as error:
        problems.append(f"GraphQL: {error.message}")
        return {"errors": [_formatted(error)]}, problems


def _execute(state: State, text: str, variables: JSON, name: str | None, problems: list[str]) -> JSON:
    schema, document = contracts.graphql_schema(), parse(text)
    if errors := validate(schema, document):
        problems += [f"GraphQL: {error.message}" for error in errors]
        return {"errors": [_formatted(error) for error in errors]}
    operation = get_operation_ast(document, name)
    if operation is None:
        raise GraphQLError("An operation name is required")
    problems += _variable_problems(operation, variables)
    result = execute_sync(
        schema,
        document,
        root_value=_root(state),
        context_value=problems,
        variable_values=variables,
        operation_name=name,
        field_resolver=_resolve,
    )
    answered: JSON = {} if result.data is None and _is_query(operation) else {"data": result.data}
    for error in result.errors or ():
        if not isinstance(error.original_error, FieldError):
            problems.append(f"GraphQL: {error.message} at {error.path}")
    if result.errors:
        answered["errors"] = [_formatted(error) for error in result.errors]
    return answered


def _is_query(operation: OperationDefinitionNode) -> bool:
    return operation.operation.value == "query"


def _variable_problems(operation: OperationDefinitionNode, variables: JSON) -> list[str]:
    schema, definitions = contracts.graphql_schema(), operation.variable_definitions or ()
    declared = {definition.variable.name.value for definition in definitions}
    problems = [f"GraphQL: variable ${name} is not declared" for name in variables if name not in declared]
    values = get_variable_values(schema, definitions, variables)
    if isinstance(values, list):
        problems += [f"GraphQL: {error.message}" for error in values]
    return problems


def _root(state: State) -> JSON:
    login = state.login

    def find(owner: str, name: str, **_: Any) -> JSON:
        full_name = f"{owner}/{name}"
        if full_name.lower() != state.repository.lower():
            raise FieldError("NOT_FOUND", f"Could not resolve to a Repository with the name '{full_name}'.")
        return repository(state)

    viewer = {"__typename": "User", "login": login, "id": f"U_{login}"}
    return {"viewer": viewer, "repository": find, **{name: _bound(state, run) for name, run in MUTATIONS.items()}}


def _bound(state: State, mutation: Callable[[State, JSON], JSON]) -> Callable[..., JSON]:
    def run(input: JSON) -> JSON:  # noqa: A002 (the argument's name in GitHub's schema)
        return {"clientMutationId": input.get("clientMutationId"), **mutation(state, input)}

    return run


def _resolve(source: JSON, info: GraphQLResolveInfo[list[str]], **arguments: Any) -> Any:
    if info.field_name not in source:
        info.context.append(f"GraphQL: the fake has no field {info.parent_type.name}.{info.field_name}")
        return None
    value = source[info.field_name]
    return value(**arguments) if callable(value) else value


def _formatted(error: GraphQLError) -> JSON:
    """GitHub puts the type beside the message."""
    formatted: JSON = {"message": error.message}
    if isinstance(error.original_error, FieldError):
        formatted["type"] = error.original_error.type
    if error.path:
        formatted["path"] = error.path
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return formatted
