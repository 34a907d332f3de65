"""How a store of MLflow fails, and the sentence that tells people so."""

from __future__ import annotations

import re

from kmseg.errors import UserError


def shown(uri: str) -> str:
    """Return an address without the password in it."""
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", uri)


def faults() -> tuple[type[Exception], ...]:
    """Return the errors by which a store shows that it is away, full, locked, read-only or of another version."""
    from alembic.util.exc import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError, CommandError, OSError


def unusable(address: str, fault: Exception) -> UserError:
    """Return the sentence for a store that cannot be used."""
    uri, said = shown(address), str(fault)
    if "out-of-date database schema" in said or "Can't locate revision" in said:
        return UserError(
            f"the MLflow store {uri} is of another version than the installed MLflow; back it up, then run: "
            f"mlflow db upgrade {uri} (if the store is the newer one: pip install -U mlflow)"
        )
    return UserError(
        f"the MLflow store {uri} cannot be used ({first_line(fault)}); start it, set tracker.uri or "
        "MLFLOW_TRACKING_URI to one that answers, go on without it by tracker.required=false (the record is kept "
        "and handed in later), or use tracker=none"
    )


def first_line(error: Exception) -> str:
    """Return the first line of an error that says something, not too long."""
    lines = [line for line in str(error).strip().splitlines() if not line.startswith("(raised as a result of")]
    line = (lines or [type(error).__name__])[0]
    return line if len(line) <= 160 else line[:157] + "..."
