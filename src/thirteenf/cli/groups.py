"""Groups of commands that say which command was probably meant."""

from __future__ import annotations

import click

from thirteenf.errors import UsageError


class SuggestingGroup(click.Group):
    """A group that answers a wrong name with the nearest right one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one comes near.

        Raises:
            UsageError: if there is none of that name.
        """
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415 - only for a wrong word

            near = get_close_matches(args[0], known, n=1)
            hint = f"Did you mean `{ctx.command_path} {near[0]}`?" if near else f"See `{ctx.command_path} --help`."
            raise UsageError(f"There is no command '{args[0]}'.", hint)
        return super().resolve_command(ctx, args)
