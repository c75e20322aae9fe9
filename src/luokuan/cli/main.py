"""Entry point: runs the app and turns what went wrong into one sentence and an exit code."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from luokuan.errors import ExitCode, UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    import typer


@functools.cache
def _command(app: typer.Typer) -> Any:
    """The commands of ``app``: reading the types of some hundred functions takes longer than most commands do."""
    from typer.main import get_command

    return get_command(app)


def _print_user_error(error: UserError, *, as_json: bool) -> None:
    if as_json:
        from luokuan.cli.output import emit_json

        emit_json({"error": {"code": error.code, "what": error.what, "do": error.do}})
    else:
        sys.stderr.write(f"{error.what} {error.do}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line. Returns the exit code (see ``ExitCode``); never raises for a user's mistake.

    A fault of ours prints one sentence; LUOKUAN_DEBUG=1 prints the traceback as well.
    """
    import typer
    from typer.exceptions import TyperException

    from luokuan import logs
    from luokuan.cli.app import app
    from luokuan.cli.usage import translate_headings, usage_error

    argv = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in argv
    logs.configure()
    translate_headings()
    try:
        result = _command(app)(args=argv, prog_name="luokuan", standalone_mode=False)
        return int(result) if isinstance(result, int) else ExitCode.DONE
    except UserError as error:
        _print_user_error(error, as_json=as_json)
        return ExitCode.USER
    except typer.Exit as stop:
        return stop.exit_code
    except TyperException as error:
        if not argv or type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(f"{error.format_message()}\n")  # the help itself
        else:
            _print_user_error(usage_error(error), as_json=as_json)
        return ExitCode.USER
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write(_("Stopped.") + "\n")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader went away (for instance `| head`): nothing to say, and nothing more to flush.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except MemoryError:
        no_memory = UserError(
            _("There is not enough memory for this."),
            _("Use a smaller size, count or batch."),
            code="memory.full",
        )
        _print_user_error(no_memory, as_json=as_json)
        return ExitCode.USER
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            too_long = UserError(
                _("A name on the command line is too long for this system."),
                _("Give a shorter one."),
                code="cli.name_too_long",
            )
            _print_user_error(too_long, as_json=as_json)
            return ExitCode.USER
        if os.environ.get("LUOKUAN_DEBUG"):
            traceback.print_exc()
        sys.stderr.write(
            _(
                "Luokuan failed, and it is our fault: {kind}: {error}. "
                "Run again with LUOKUAN_DEBUG=1 and send us what it prints.",
                kind=type(error).__name__,
                error=error,
            )
            + "\n"
        )
        return ExitCode.FAULT


def run() -> None:
    """Console entry point."""
    sys.exit(main())
