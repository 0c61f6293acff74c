#!/usr/bin/env bash
# Chromium for the tests of the review page: bash tools/dev/browser.sh LOG
#
# Takes what is on PATH.  On Debian, as root or with a sudo that asks nothing, it
# installs the two packages.  Else it says in one line that these tests will skip,
# and why; that is no error.  Exit code: 0 a browser is there, 1 none is.
set -u

log=${1:-/dev/null}
packages=(chromium chromium-driver)

have_browser() {
    command -v chromium > /dev/null && command -v chromedriver > /dev/null
}

skip() {
    echo "the review page is not tried in a browser: $1"
    exit 1
}

have_browser && exit 0
[ "${BROWSER:-}" != no ] || skip 'BROWSER=no'
grep -qs '^ID=debian$' /etc/os-release ||
    skip 'no chromium and chromedriver on PATH, and this is not Debian: install them yourself'
as_root=()
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2> /dev/null ||
        skip "no chromium on PATH: ask for 'apt-get install ${packages[*]}'"
    as_root=(sudo -n)
fi
echo "== ${packages[*]} for the tests of the review page (apt-get)"
export DEBIAN_FRONTEND=noninteractive
{
    "${as_root[@]}" apt-get update -q &&
        "${as_root[@]}" apt-get install -q -y --no-install-recommends \
            -o DPkg::Lock::Timeout=300 "${packages[@]}"
} > "$log" 2>&1 || skip "apt-get could not install ${packages[*]}, see $log"
have_browser || skip "apt-get installed ${packages[*]}, but they are not on PATH"
