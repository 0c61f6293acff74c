#!/usr/bin/env bash
# Train in N processes: bash tools/dist_train.sh CONFIG N [options of train.py]
# The batch size in a config is that of one process: keep the global batch with
#   --cfg-options train_dataloader.batch_size=<global batch / N>
# or scale the learning rate with --auto-scale-lr.
set -eu

if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG N [options of tools/train.py]" >&2
    exit 2
fi
config=$1
processes=$2
shift 2
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
    "$tools/train.py" "$config" --launcher pytorch "$@"
