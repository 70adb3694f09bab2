"""The completion scripts: what makes a shell ask `ibmqbatch` what can follow.

They hold no list of verbs or options, and so are right for any release: `shells` answers them.
"""

from __future__ import annotations

__all__ = ["SCRIPTS"]

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
