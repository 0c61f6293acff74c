#!/usr/bin/env bash
# Train in N processes: bash tools/dist_train.sh CONFIG N [options of train.py]
# The batch size in a config is that of one process: keep the global batch with
#   --cfg-options train_dataloader.batch_size=<global batch / N>
# or scale the learning rate with --auto-scale-lr.
set -eu

tools=$(cd "$(dirname "$0")" && pwd)
# Sourced here: it remembers the whole command.
. "$tools/dist_common.sh"

if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG N [options of tools/train.py]" >&2
    exit 2
fi
config=$1
processes=$2
shift 2

launch "$processes" "$tools/train.py" "$config" "$@"
