#!/usr/bin/env bash
# Label in N processes: bash tools/dist_test.sh CONFIG CHECKPOINT N [options]
# The JSON is the same, byte for byte, for any N.
set -eu

if [ $# -lt 3 ]; then
    echo "usage: $0 CONFIG CHECKPOINT N [options of tools/test.py]" >&2
    exit 2
fi
config=$1
checkpoint=$2
processes=$3
shift 3
tools=$(cd "$(dirname "$0")" && pwd)

. "$tools/dist_common.sh"
launch "$processes" "$tools/test.py" "$config" "$checkpoint" "$@"
