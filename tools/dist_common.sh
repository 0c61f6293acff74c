# Sourced by dist_label.sh, dist_test.sh and dist_train.sh.
# launch N SCRIPT ARGUMENTS... starts the script in N processes of torchrun.

# What a person typed, for the message that says how to go on after a signal.
MAL_COMMAND=$(printf '%q ' bash "$0" "$@")
export MAL_COMMAND

launch() {
    local processes=$1
    shift
    local rendezvous
    # One machine finds a free port by itself; several must agree on one.
    if [ "${NNODES:-1}" = 1 ] && [ -z "${PORT:-}" ]; then
        rendezvous=(--standalone)
    else
        rendezvous=(--nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}"
            --master_addr="${MASTER_ADDR:-127.0.0.1}"
            --master_port="${PORT:-29500}")
    fi
    # In place of this shell, so that signals reach it and its exit code is ours.
    exec "${PYTHON:-python}" "$tools/launch.py" "${rendezvous[@]}" \
        --nproc_per_node="$processes" "$@" --launcher pytorch
}
