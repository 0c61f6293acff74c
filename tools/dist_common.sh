# Sourced by dist_train.sh and dist_test.sh.
# launch N SCRIPT ARGUMENTS... starts the script in N processes of torchrun.
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
    exec "${PYTHON:-python}" -m torch.distributed.run "${rendezvous[@]}" \
        --nproc_per_node="$processes" "$@" --launcher pytorch
}
