# fish completion for ibmqbatch. Put this file into ~/.config/fish/completions.

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
