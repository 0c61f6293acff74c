#!/usr/bin/env bash
# Measures a GPU by one command, without a network:
#
#   bash benchmarks/gpu.sh [--out DIR] [--python PYTHON] [--wheels DIR] [OPTION ...]
#
# --out DIR        gpu.json and gpu.md go there ($OUT, else work_dirs/gpu)
# --python PYTHON  of an environment with torch (.venv/bin/python, else python3)
# --wheels DIR     what that environment lacks is installed from there into
#                  .venv-gpu, beside what it has; mmcv is compiled if need be
# OPTION ...       those of benchmarks/gpu.py, such as --minutes 20 (9 by default,
#                  what is installed before included) or --device cpu --tiny for
#                  a dry run
set -euo pipefail
cd "$(dirname "$0")/.."

out=${OUT:-work_dirs/gpu}
python=
wheels=
options=()
while (($#)); do
    case $1 in
    --out | --python | --wheels)
        if (($# < 2)); then
            echo "$0: $1 wants a value" >&2
            exit 2
        fi
        declare "${1#--}=$2"
        shift 2
        ;;
    -h | --help)
        sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *)
        options+=("$1")
        shift
        ;;
    esac
done

if [[ -z $python ]]; then
    python=.venv/bin/python
    [[ -x $python ]] || python=$(command -v python3)
fi
if ! command -v "$python" > /dev/null; then
    echo "$0: no such Python: $python; say --python" >&2
    exit 2
fi

lacking=$("$python" benchmarks/gpu_environment.py --names)
if [[ -n $lacking ]]; then
    if [[ -z $wheels ]]; then
        "$python" benchmarks/gpu_environment.py
    fi
    if [[ ! -d $wheels ]]; then
        echo "$0: no such folder: $wheels (--wheels)" >&2
        exit 2
    fi
    # Its own packages come first, then those of the environment: not by
    # --system-site-packages, which would pass over one that is itself a venv.
    "$python" -m venv --clear --without-pip .venv-gpu
    inner=.venv-gpu/bin/python
    "$python" -c 'import sys
for path in sys.path:
    if path.endswith(("site-packages", "dist-packages")):
        print(f"import site; site.addsitedir({path!r})")' \
        > "$("$inner" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/outer.pth"
    # mmcv last: it is compiled against the torch that is there, without CUDA
    # operators, of which labelling and training need none.  An sdist is built
    # with what is installed, as nothing can be fetched for it.
    for packages in "$(grep -v '^mmcv==' <<< "$lacking" || true)" \
        "$(grep '^mmcv==' <<< "$lacking" || true)"; do
        [[ -n $packages ]] || continue
        # shellcheck disable=SC2086  # one word a package
        CUDA_VISIBLE_DEVICES='' FORCE_CUDA=0 MMCV_WITH_OPS=1 \
            CFLAGS='-O2 -g0 -DNDEBUG -fwrapv -fPIC' MAX_JOBS=${MAX_JOBS:-$(nproc)} \
            "$python" -m pip --python "$inner" install --quiet --no-index \
            --no-deps --no-build-isolation --find-links "$wheels" $packages
    done
    python=$inner
    "$python" benchmarks/gpu_environment.py
fi

if [[ " ${options[*]-} " != *' --minutes'* ]]; then
    options+=(--minutes "$("$python" -c \
        "print(max(1.0, round(9 - $SECONDS / 60, 1)))")")
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-4} PYTHONUNBUFFERED=1
if command -v nvidia-smi > /dev/null; then
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
fi
exec "$python" -m benchmarks.gpu --out "$out" "${options[@]}"
