# SPDX-License-Identifier: MIT
# bash completion of protohostctl. Names of units and plugins are the running daemon's.

_protohostctl_names() {
    protohostctl --timeout 1 --json list "$1" 2>/dev/null |
        grep -o "\"$2\":\"[^\"]*\"" | cut -d'"' -f4 | sort -u
}

_protohostctl() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= sub= i
    for ((i = 1; i < COMP_CWORD; ++i)); do
        case ${COMP_WORDS[i]} in
            --socket | --timeout | --config) ((++i)) ;;
            -*) ;;
            *) if [ -z "$command" ]; then command=${COMP_WORDS[i]}; else sub=${sub:-${COMP_WORDS[i]}}; fi ;;
        esac
    done
    case $previous in
        --socket | --config) COMPREPLY=($(compgen -f -- "$word")); return ;;
        --timeout) return ;;
    esac
    local words=
    case $command/$sub in
        /) words='status list show reload diff drain stop start connection log config plugin check schema version' ;;
        list/) words='listeners endpoints connections plugins generations' ;;
        show/ | drain/ | stop/ | start/)
            words="$(_protohostctl_names listeners name) $(_protohostctl_names endpoints name)" ;;
        connection/) words=close ;;
        connection/close) words="$(_protohostctl_names connections id)" ;;
        log/) words=set ;;
        config/) words=show ;;
        plugin/) words='list rollback new check' ;;
        plugin/rollback) words="$(_protohostctl_names plugins plugin)" ;;
        plugin/check) COMPREPLY=($(compgen -f -X '!*.so' -- "$word")); return ;;
    esac
    case $word in
        -*) words='--help --json --socket --timeout --version'
            [ "$command" != status ] || words="$words --watch" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _protohostctl protohostctl
