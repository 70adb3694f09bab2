"""`--install-completion` and `--show-completion`: the completion script of the shell at hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ...errors import StorageError, UsageError
from .scripts import SCRIPTS

__all__ = ["install", "show"]

# What has zsh look into the folder that the script is put into; as other programs' installers write
# it, so that it stands there once.
_ZSH_LINE = "fpath+=~/.zfunc; autoload -Uz compinit; compinit"


def show() -> None:
    """Print the script of the shell that has started this process."""
    from ...render.console import write_line

    _, script = SCRIPTS[_shell(os.environ)]
    write_line(script.rstrip())


def install() -> None:
    """Put the script where the shell finds it, and have its start-up file read it where it must."""
    from ...render.console import message

    shell = _shell(os.environ)
    name, script = SCRIPTS[shell]
    home = Path.home()
    start_up: tuple[Path, str] | None = None
    if shell == "bash":
        target = home / ".bash_completions" / name
        start_up = (home / ".bashrc", f"source '{target}'")
    elif shell == "zsh":
        target = home / ".zfunc" / name
        start_up = (Path(os.environ.get("ZDOTDIR") or home) / ".zshrc", _ZSH_LINE)
    else:
        config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        target = config / "fish" / "completions" / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(script, "utf-8")
        if start_up is not None:
            _add_line(*start_up)
    except OSError as error:
        raise StorageError(
            f"{error.filename} cannot be written: {error.strerror or error}.",
            "Mend its permissions, or put what --show-completion prints where your shell reads it.",
        ) from error
    message(f"Completion for {shell} is in {target}. It begins to work in the next shell.")


def _add_line(path: Path, line: str) -> None:
    """Append a line to a start-up file that does not have it yet."""
    present = path.read_text("utf-8", errors="surrogateescape") if path.exists() else ""
    if line in present.splitlines():
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n" if not present or present.endswith("\n") else f"\n{line}\n")


def _shell(environment: Mapping[str, str]) -> str:
    """Return the shell that runs this process, or else the user's own; raises UsageError."""
    import shellingham

    try:
        running = shellingham.detect_shell()[0]
    except shellingham.ShellDetectionFailure:
        running = ""
    for shell in (running, Path(environment.get("SHELL", "")).name):
        if shell in SCRIPTS:
            return shell
    raise UsageError(
        f"There is no completion for {running or 'this shell'}.",
        f"There is for {', '.join(SCRIPTS)}: call this from one of them.",
    )
