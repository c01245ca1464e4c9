#!/bin/sh
# Install Debian packages without asking anything. The index is fetched first, since a bare
# machine or image has none. Everything apt says goes to stderr.
set -eu

if ! command -v apt-get >/dev/null; then
    echo "Please install with your system's package manager, then try again: $*" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Please run as root, then try again: apt-get install $*" >&2
        exit 1
    fi
    as_root=sudo
fi
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q \
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@" >&2
}
apt update
apt install --yes --no-install-recommends "$@"
