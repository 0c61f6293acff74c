#!/usr/bin/env bash
# Label in N processes: bash tools/dist_test.sh CONFIG [CHECKPOINT] N [options]
# The JSON is the same, byte for byte, for any N.
set -eu

tools=$(cd "$(dirname "$0")" && pwd)
# Sourced here: it remembers the whole command.
. "$tools/dist_common.sh"

# A labeller that is not trained has no checkpoint: N comes second.
if [[ "${2:-}" =~ ^[0-9]+$ && ! -e "$2" ]]; then
    set -- "$1" '' "${@:2}"
fi
if [ $# -lt 3 ]; then
    echo "usage: $0 CONFIG [CHECKPOINT] N [options of tools/test.py]" >&2
    exit 2
fi
config=$1
checkpoint=$2
processes=$3
shift 3

launch "$processes" "$tools/test.py" "$config" ${checkpoint:+"$checkpoint"} "$@"
