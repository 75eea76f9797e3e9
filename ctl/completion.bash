# SPDX-License-Identifier: MIT
# bash completion of protohostctl. Names of units, plugins and connections are the running daemon's.

_protohostctl_names() {
    "$program" "${daemon[@]}" --timeout 1 --json list "$1" 2>/dev/null |
        grep -o "\"$2\":\"[^\"]*\"" | cut -d'"' -f4 | sort -u
}

# The files that end so, and the folders on the way to them.
_protohostctl_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X "!*$1" -- "$word" | while read -r file; do
        [ -d "$file" ] || echo "$file"
    done)
}

_protohostctl() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command= sub= last= i daemon=()
    # Where words are parted at "=", --socket=PATH is three of them.
    if [ "$word" = = ]; then word=; fi
    if [ "$previous" = = ]; then previous=${COMP_WORDS[COMP_CWORD - 2]}; fi
    for ((i = 1; i < COMP_CWORD; ++i)); do
        case ${COMP_WORDS[i]} in
            =) continue ;;
            -*) last=${COMP_WORDS[i]}; continue ;;
        esac
        case $last in
            --socket) daemon=(--socket "${COMP_WORDS[i]}") ;;
            --timeout | --config | --for | --lines | -n) ;;
            *) if [ -z "$command" ]; then command=${COMP_WORDS[i]}; else sub=${sub:-${COMP_WORDS[i]}}; fi ;;
        esac
        last=
    done
    case $previous in
        --socket | --config) _protohostctl_files ''; return ;;
        --timeout | --for | --lines | -n) COMPREPLY=(); return ;;
    esac
    local words= options='--help --json --socket --timeout --version'
    case $command/$sub in
        /) words='status list show reload diff drain stop start restart signal tail connection log config plugin check schema version' ;;
        status/) options+=' --watch' ;;
        list/) words='listeners endpoints subprocesses connections plugins generations certificates' ;;
        show/ | drain/ | stop/ | start/)
            words="$(_protohostctl_names listeners name) $(_protohostctl_names endpoints name) $(_protohostctl_names subprocesses name)" ;;
        restart/ | signal/ | tail/) words=$(_protohostctl_names subprocesses name) ;;
        signal/*) words='SIGHUP SIGINT SIGQUIT SIGUSR1 SIGUSR2 SIGTERM SIGKILL SIGSTOP SIGCONT SIGWINCH' ;;
        tail/*) options+=' --follow --lines' ;;
        connection/) words=close ;;
        connection/close) words="$(_protohostctl_names connections id)"; options+=' --abort' ;;
        log/) words=set ;;
        log/set) options+=' --for' ;;
        config/) words=show ;;
        config/show) options+=' --effective' ;;
        check/) options+=' --config' ;;
        plugin/) words='list rollback new check' ;;
        plugin/rollback) words="$(_protohostctl_names plugins plugin)" ;;
        plugin/check) [[ $word == -* ]] || { _protohostctl_files .so; return; } ;;
    esac
    [[ $word != -* ]] || words=$options
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _protohostctl protohostctl
