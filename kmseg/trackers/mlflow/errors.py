"""Errors of an MLflow store and their messages."""

from __future__ import annotations

import re

from kmseg.errors import UserError


def shown(uri: str) -> str:
    """Return an address without the password in it."""
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", uri)


def faults() -> tuple[type[Exception], ...]:
    """Return the exceptions of a store that is unreachable, full, locked, read-only or of another version."""
    from alembic.util.exc import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError, CommandError, OSError


def unusable(address: str, fault: Exception) -> UserError:
    """Return the error for a store that cannot be used."""
    uri, message = shown(address), str(fault)
    if "out-of-date database schema" in message or "Can't locate revision" in message:
        return UserError(
            f"the MLflow store {uri} is of another version than the installed MLflow; back it up, then run: "
            f"mlflow db upgrade {uri} (if the store is the newer one: pip install -U mlflow)"
        )
    if "deleted" in message and "experiment" in message.lower():
        return UserError(
            "the MLflow experiment was deleted in MLflow's pages; restore it with `mlflow experiments restore`, "
            "or choose another name with tracker.experiment=NAME"
        )
    return UserError(
        f"the MLflow store {uri} cannot be used ({first_line(fault)}); start it, set tracker.uri or "
        "MLFLOW_TRACKING_URI to one that answers, set tracker.required=false (the record is spooled and replayed "
        "later), or use tracker=none"
    )


def first_line(error: Exception) -> str:
    """Return the first meaningful line of an error, at most 160 characters."""
    lines = [line for line in str(error).strip().splitlines() if not line.startswith("(raised as a result of")]
    line = (lines or [type(error).__name__])[0]
    return line if len(line) <= 160 else line[:157] + "..."
