"""The completion scripts, which make a shell ask `ibmqbatch` what can follow, and installing them.

They hold no list of verbs or options, and so are right for any release: `shells` answers them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ...errors import StorageError, UsageError

__all__ = ["SCRIPTS", "install", "show"]

# What has zsh look into the folder that the script is put into; as other programs' installers write
# it, so that it stands there once.
_ZSH_LINE = "fpath+=~/.zfunc; autoload -Uz compinit; compinit"

_BASH = r"""# bash completion for ibmqbatch. Source this file, or put it, as `ibmqbatch`, into
# ~/.local/share/bash-completion/completions.

_ibmqbatch_completion() {
    local tool=$1 kind= line
    [[ $tool == '~/'* ]] && tool=$HOME/${tool:2}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        else
            COMPREPLY+=("$line")
        fi
    done < <(
        _IBMQBATCH_COMPLETE=complete_bash "$tool" \
            "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" "$COMP_TYPE" "$COLUMNS" 2>/dev/null
    )
    # Without compopt, as in bash 3, files are what is offered where nothing else is.
    case $kind in
        files) compopt -o default 2>/dev/null ;;
        folders) compopt -o dirnames 2>/dev/null ;;
    esac
    return 0
}

if type compopt >/dev/null 2>&1; then
    complete -o nosort -F _ibmqbatch_completion ibmqbatch 2>/dev/null ||
        complete -F _ibmqbatch_completion ibmqbatch
else
    complete -o default -F _ibmqbatch_completion ibmqbatch
fi
"""

_ZSH = r"""#compdef ibmqbatch
# zsh completion for ibmqbatch. Put this file, as `_ibmqbatch`, into a folder of $fpath.

_ibmqbatch() {
    local tool=${(Q)words[1]} answer
    local -a lines
    tool=${tool/#\~\//$HOME/}
    answer=$(
        _IBMQBATCH_COMPLETE=complete_zsh $tool \
            "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null
    )
    lines=("${(@f)answer}")
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    case $lines[1] in
        files) _files ;;
        folders) _files -/ ;;
        words)
            lines=("${(@)lines[2,-1]}")
            (( $#lines )) && _describe -V -t values value lines
            ;;
        *) return 1 ;;
    esac
}

# Autoloaded, this file is the function's body; sourced, it has to be named to compsys.
if [[ $funcstack[1] == _ibmqbatch ]]; then
    _ibmqbatch "$@"
elif (( $+functions[compdef] )); then
    compdef _ibmqbatch ibmqbatch
fi
"""

_FISH = r"""# fish completion for ibmqbatch. Put this file into ~/.config/fish/completions.

function __ibmqbatch_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l tool (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l lines (_IBMQBATCH_COMPLETE=complete_fish $tool $words[2..-1] "$typed" 2>/dev/null)
    # The value of --option=value is a path of its own; fish wants the whole word back.
    set -l option (string match -r -- '^--[^=]*=' "$typed")
    or set option ''
    # A command without completions of its own is completed with paths.
    set -l path (string replace -r -- '^--[^=]*=' '' "$typed")
    switch "$lines[1]"
        case files
            printf '%s\n' $option(complete -C "'' $path")
        case folders
            printf '%s\n' $option(complete -C "'' $path" | string match '*/')
        case words
            printf '%s\n' $lines[2..-1]
    end
end

complete --command ibmqbatch --no-files --keep-order --arguments '(__ibmqbatch_complete)'
"""

# By the name of the shell: the file's name in `completions/`, and what stands in it.
SCRIPTS = {
    "bash": ("ibmqbatch.bash", _BASH),
    "zsh": ("_ibmqbatch", _ZSH),
    "fish": ("ibmqbatch.fish", _FISH),
}


def show() -> None:
    """Print the script of the shell that has started this process."""
    from ...render.console import write_line

    _, script = SCRIPTS[_shell(os.environ)]
    write_line(script.rstrip())


def install() -> None:
    """Write the script where the shell finds it; add it to its start-up file where it must be."""
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
