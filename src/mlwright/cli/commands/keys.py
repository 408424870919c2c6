"""mlwright keys: who may ask the service, and what."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from mlwright.cli.console import out, out_json, say, table
from mlwright.cli.options import Json, Quiet
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError

if TYPE_CHECKING:
    from mlwright.registry.keys import Key, Keys

ACTIONS = ("add", "list", "revoke")
DAY = len("2026-01-31")


def keys(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="add, list or revoke.", show_default=False)],
    label: Annotated[
        str | None,
        typer.Argument(metavar="[LABEL]", help="What the key is called, such as who holds it.", show_default=False),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="SCOPE ...", help="It may: predict, predict:NAME, outcomes, read, admin."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="WHEN", help="When it ends: a day such as 2030-01-31, or 90d.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make, list or revoke the keys with which programs ask the service; a key is shown once, when it is made."""
    from mlwright.registry import Workspace

    if action not in ACTIONS:
        raise OptionError.unknown("ACTION", action, ACTIONS)
    if (label is None) != (action == "list"):
        raise OptionError(f"`mlwright keys {action}` {'needs a' if label is None else 'takes no'} LABEL.")
    if action != "add" and (scope or expires):
        raise OptionError("--scope and --expires are for `mlwright keys add`.")
    held = Workspace(workspace).keys
    if label is None:
        _list(held, as_json=as_json, quiet=quiet)
    elif action == "revoke":
        changed = held.revoke(label)
        if as_json:
            out_json({"label": label, "revoked": True, "changed": changed})
        else:
            out(f"The key {label!r} {'is revoked' if changed else 'was revoked before'}.")
    else:
        secret = held.add(label, scope or (), expires=_moment(expires))
        if as_json:
            key = next(key for key in held.all() if key.label == label)
            out_json({**key.to_dict(), "secret": secret})
            return
        out(secret)
        if not quiet:
            say("This is the only time that the key is shown. Send it as `Authorization: Bearer KEY`.")


def _list(held: Keys, *, as_json: bool, quiet: bool) -> None:
    found = held.all()
    if as_json:
        out_json({"keys": [key.to_dict() for key in found]})
    elif found:
        out(table(["label", "may", "made", "by", "ends"], [_row(key) for key in found]))
    elif not quiet:
        say("There are no keys yet. Next: mlwright keys add LABEL --scope predict")


def _row(key: Key) -> list[str]:
    ends = "never" if key.expires is None else key.expires[:DAY]
    if key.revoked is not None:
        ends = f"revoked {key.revoked[:DAY]}"
    elif key.ended():
        ends = f"ended {ends}"
    return [key.label, ", ".join(key.scopes), key.created[:DAY], key.who, ends]


def _moment(text: str | None) -> datetime | None:
    """Return when a key ends: after so many days, or at the beginning of a day in UTC. Raises OptionError."""
    if text is None:
        return None
    try:
        if days := re.fullmatch(r"([0-9]{1,5})d", text):
            return datetime.now(UTC) + timedelta(days=int(days.group(1)))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise OptionError(f"--expires cannot be {text!r:.60}.", hint="write a day, 2030-01-31, or 90d.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
