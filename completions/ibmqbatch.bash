# bash completion for ibmqbatch. Source this file, or put it, as `ibmqbatch`, into
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
