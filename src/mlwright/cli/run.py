"""The one way into and out of the command line: what ends how, and what is said of it.

0    done
1    the check you asked for failed
2    your input is wrong
3    a bug of ours
130  stopped by Ctrl-C
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import typer

from mlwright.cli.console import say, stopped, styled
from mlwright.errors import InputError, MlwrightError, nearest

DONE, WRONG_INPUT, BUG = 0, 2, 3
PROGRAM = "mlwright"
COMPLETION = "_MLWRIGHT_COMPLETE"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def main(args: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; never raises, never prints a traceback."""
    words = list(sys.argv[1:] if args is None else args)
    try:
        return _invoke(words)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE
    except KeyboardInterrupt:
        return stopped(ours=args is None)
    except BaseException as error:  # noqa: BLE001 (the outermost wall)
        try:
            return stopped(ours=args is None) if _is_stop(error) else _told(error, words)
        except KeyboardInterrupt:
            return stopped(ours=args is None)


def _invoke(words: list[str]) -> int:
    from mlwright.cli.app import command
    from mlwright.cli.help import help_width

    program = command()
    if COMPLETION in os.environ:
        program.main(words, prog_name=PROGRAM)
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        context = program.make_context(PROGRAM, words, terminal_width=help_width(), max_content_width=help_width())
        with context:
            program.invoke(context)
    if sys.stdout is not None:
        sys.stdout.flush()  # a full disk or a closed pipe shows here
    return DONE


def _is_stop(error: BaseException | None) -> bool:
    """Tell whether Ctrl-C is what led to an error: libraries that are being imported wrap it in errors of their own."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        if isinstance(error, (KeyboardInterrupt, typer.Abort)):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _told(error: BaseException, words: Sequence[str]) -> int:
    """Say what went wrong, and return the exit code."""
    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        return _hushed()
    if hasattr(error, "format_message"):
        return _misused(error)
    if isinstance(error, OSError) and error.errno in FULL:
        _hushed()  # else Python tries once more at its end, and ends with a code of its own
    mistake = _as_mistake(error)
    return _bug(error, words) if mistake is None else _wrong(mistake)


def _as_mistake(error: BaseException) -> MlwrightError | None:
    """Return the error as something a person can put right, or None where it is a bug of ours."""
    if isinstance(error, MlwrightError):
        return error
    if isinstance(error, MemoryError):
        return InputError("The memory is not enough for this.", hint="take fewer rows or columns, or a larger machine.")
    if isinstance(error, OSError) and error.errno in FULL | REFUSED:
        what = "The disk is full" if error.errno in FULL else (error.strerror or "Permission denied")
        where = None if error.filename is None else str(error.filename)
        return InputError(f"{what}.", where=where, hint="choose another place; nothing half-written was left.")
    return None


def _bug(error: BaseException, words: Sequence[str]) -> int:
    from mlwright.cli.crash import summary, write_log

    where = write_log(error, words)
    _show(
        f"This is a bug of mlwright, not a mistake of yours ({summary(error)}).",
        where=where and f"the details are in {where}",
        hint="report it, with that file, at the place mlwright came from: its issue tracker.",
    )
    return BUG


def _hushed() -> int:
    """Nobody reads any more (`| head`), or nobody can: be quiet, also when Python flushes at its end."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE


def _misused(error: Any) -> int:
    """Say what is wrong with the words of the command line, with the nearest right one."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    message = " ".join(str(error.message or error.format_message()).split())
    near = None
    if message.startswith("No such option"):
        wrong = error.option_name
        message = f"There is no option {wrong}"
        near = nearest(wrong, [name for param in context.command.params for name in param.opts] if context else [])
    elif message.startswith("No such command"):
        wrong = message.split("'")[1]
        message = f"There is no command '{wrong}'"
        near = nearest(wrong, getattr(context.command, "commands", {})) if context else None
    else:
        message = " ".join(error.format_message().split())
    hint = (f"did you mean '{near}'? " if near else "") + f"`{path} --help` lists what there is."
    return _wrong(InputError(message.rstrip(".") + ".", hint=hint))


def _wrong(error: MlwrightError) -> int:
    _show(error.message, where=error.where, hint=error.hint)
    return WRONG_INPUT


def _show(message: str, *, where: object, hint: str | None) -> None:
    """Print one sentence, the place, and after a blank line the hint."""
    say(f"{styled('error:', 'red', sys.stderr)} {message}")
    if where:
        say(f"  {where}")
    if hint:
        say(f"\n{styled('hint:', 'cyan', sys.stderr)} {hint}")
