#!/usr/bin/env bash
# Measures a GPU by one command, without a network:
#
#   bash benchmarks/gpu.sh [--out DIR] [--python PYTHON] [--wheels DIR] [OPTION ...]
#
# --out DIR        gpu.json and gpu.md go there ($OUT, else work_dirs/gpu)
# --python PYTHON  of an environment with torch (.venv/bin/python, else python3)
# --wheels DIR     what that environment lacks is installed from there into
#                  .venv-gpu, beside what it has; mmcv is compiled if its wheel is
#                  not there, and the wheel is kept in wheels/ of --out
# OPTION ...       those of benchmarks/gpu.py, such as --minutes 20 (9 by default,
#                  what is installed before included), --parts training variants
#                  or --device cpu --tiny for a dry run
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

inner=.venv-gpu/bin/python
environment=benchmarks/gpu_environment.py

install() {
    "$python" -m pip --python "$inner" install --quiet --no-index --no-deps \
        --no-compile --find-links "$wheels" --find-links "$out/wheels" "$@"
}

# Compiled against the torch that is there, without CUDA operators, of which
# labelling and training need none.  It is built with what is installed, as nothing
# can be fetched for it.
compile_mmcv() {
    if ! command -v "${CXX:-c++}" > /dev/null; then
        echo "$0: $1 has to be compiled and there is no ${CXX:-c++}; carry a wheel" \
            "that was built for this Python and torch" >&2
        exit 2
    fi
    local tools bin wheel jobs=${MAX_JOBS:-$(nproc)}
    bin=$(cd "$(dirname "$(command -v "$python")")" && pwd)
    tools=$("$inner" $environment --build-tools)
    # shellcheck disable=SC2086  # one word a package
    [[ -z $tools ]] || install $tools
    echo "compiling $1 in $jobs processes" >&2
    # Elsewhere first, as what is carried may lie in $out/wheels.
    compiled=$(mktemp -d "$out/mmcv-XXXXXX")
    trap 'rm -rf "$compiled"' EXIT
    # torch calls ninja by its name; without it one core would compile all.
    PATH=$PWD/.venv-gpu/bin:$bin:$PATH \
        CUDA_VISIBLE_DEVICES='' FORCE_CUDA=0 MMCV_WITH_OPS=1 MAX_JOBS=$jobs \
        CFLAGS='-O2 -g0 -DNDEBUG -fwrapv -fPIC' LDFLAGS='-s' \
        "$python" -m pip --python "$inner" wheel --quiet --no-index --no-deps \
        --no-build-isolation --no-cache-dir --no-binary mmcv --find-links "$wheels" \
        --wheel-dir "$compiled" "$1"
    wheel=$(basename "$compiled"/mmcv-*.whl)
    # One of the same name that was there, for another torch, becomes NAME.~1~.
    mv --backup=numbered "$compiled/$wheel" "$out/wheels/"
    rm -r "$compiled"
    install --force-reinstall "$out/wheels/$wheel"
    echo "mmcv is compiled; copy its wheel from $out/wheels to $wheels to have" \
        "it at once the next time" >&2
}

lacking=$("$python" $environment --names)
if [[ -n $lacking ]]; then
    # Its own packages come first, then those of the environment: not by
    # --system-site-packages, which would pass over one that is itself a venv.
    outer=$("$python" -c 'import sys
for path in sys.path:
    if path.endswith(("site-packages", "dist-packages")):
        print(f"import site; site.addsitedir({path!r})")')
    site=$(echo .venv-gpu/lib/python*/site-packages)
    if [[ $(cat "$site/outer.pth" 2> /dev/null) != "$outer" ||
        -n $("$inner" $environment --names) ]] ||
        ! "$inner" -c 'import torch, mmcv._ext' 2> /dev/null; then
        if [[ -z $wheels ]]; then
            "$python" $environment
        fi
        if [[ ! -d $wheels ]]; then
            echo "$0: no such folder: $wheels (--wheels)" >&2
            exit 2
        fi
        if ! "$python" -m pip --version > /dev/null 2>&1; then
            echo "$0: $python has no pip, which installs what is in $wheels" >&2
            exit 2
        fi
        "$python" -m venv --clear --without-pip .venv-gpu
        echo "$outer" \
            > "$("$inner" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/outer.pth"
        mkdir -p "$out/wheels"
        others=$(grep -v '^mmcv==' <<< "$lacking" || true)
        mmcv=$(grep '^mmcv==' <<< "$lacking" || true)
        # shellcheck disable=SC2086  # one word a package
        [[ -z $others ]] || install --only-binary :all: $others
        # A wheel for another torch can be installed, but not be loaded.
        if [[ -n $mmcv ]] && ! {
            install --only-binary :all: "$mmcv" 2> /dev/null &&
                "$inner" -c 'import torch, mmcv._ext' 2> /dev/null
        }; then
            compile_mmcv "$mmcv"
        fi
        "$inner" $environment
    fi
    python=$inner
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
