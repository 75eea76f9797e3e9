#compdef protohostctl
# SPDX-License-Identifier: MIT
# zsh completion of protohostctl. Commands and options are those of its --help; names of units, plugins and connections
# are the running daemon's.

# What stands below "$1:" in the help of the command in `rest`, as "word:description" in `described`.
_protohostctl_help() {
    local heading=$1: below= line word
    shift
    for line in "${(@f)$("$program" "$@" --help 2>/dev/null)}"; do
        case $line in
            $heading) below=1 ;;
            '') below= ;;
            '  '[^\ ]*)
                [[ -n $below ]] || continue
                word=${${(z)line}[1]}
                described+=("${word##*,}:${line[31,-1]## #}") ;;
        esac
    done
}

_protohostctl_names() {
    local each
    for each in ${(f)"$("$program" $daemon --timeout 1 --json list $1 2>/dev/null | grep -o "\"$2\":\"[^\"]*\"")"}; do
        names+=(${${each#*:\"}%\"})
    done
}

_protohostctl() {
    local program=${(Q)words[1]} each last= command= sub=
    local -a daemon names
    local -aU described
    for each in "${(@Q)words[2,CURRENT-1]}"; do
        case $each in
            --socket=*) daemon=(--socket "${each#*=}"); continue ;;
            -*) last=$each; continue ;;
        esac
        case $last in
            --socket) daemon=(--socket "$each") ;;
            --timeout | --config | --for | --lines | -n) ;;
            *) if [[ -z $command ]]; then command=$each; else sub=${sub:-$each}; fi ;;
        esac
        last=
    done
    local previous=$words[CURRENT-1]
    if compset -P '--*='; then previous=${IPREFIX%=}; fi
    case $previous in
        --socket | --config) _files; return ;;
        --timeout | --for | --lines | -n) return 1 ;;
    esac

    local -a rest=($command)
    [[ $command != (connection|log|config|plugin) ]] || rest+=($sub)
    if [[ $PREFIX == -* ]]; then
        _protohostctl_help Options
        (( ! $#rest )) || _protohostctl_help Options $rest
        _describe -o option described
        return
    fi
    case $command/$sub in
        / | connection/ | log/ | config/ | plugin/) _protohostctl_help Subcommands $rest; _describe command described; return ;;
        list/) names=(listeners endpoints subprocesses connections plugins generations certificates) ;;
        show/ | drain/ | stop/ | start/)
            for each in listeners endpoints subprocesses; do _protohostctl_names $each name; done ;;
        restart/ | signal/ | tail/) _protohostctl_names subprocesses name ;;
        signal/*) names=(SIGHUP SIGINT SIGQUIT SIGUSR1 SIGUSR2 SIGTERM SIGKILL SIGSTOP SIGCONT SIGWINCH) ;;
        connection/close) _protohostctl_names connections id ;;
        plugin/rollback) _protohostctl_names plugins plugin ;;
        plugin/check) _files -g '*.so(-.)'; return ;;
    esac
    compadd -a names
}

_protohostctl "$@"
