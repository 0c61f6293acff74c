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

# One machine finds a free port by itself; several must agree on one.
if [ "${NNODES:-1}" = 1 ] && [ -z "${PORT:-}" ]; then
    rendezvous=(--standalone)
else
    rendezvous=(--nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}"
        --master_addr="${MASTER_ADDR:-127.0.0.1}"
        --master_port="${PORT:-29500}")
fi

exec "${PYTHON:-python}" -m torch.distributed.run "${rendezvous[@]}" \
    --nproc_per_node="$processes" \
    "$tools/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
