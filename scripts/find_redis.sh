#!/bin/sh
# Print the path of a redis-server for the tests; install one by apt when there is none.
# REDIS_SERVER=… chooses it.
set -eu

find_server() {
    command -v "${REDIS_SERVER:-redis-server}"
}

if [ -n "${REDIS_SERVER:-}" ] && ! find_server >/dev/null; then
    echo "REDIS_SERVER names $REDIS_SERVER, which is not a program." >&2
    exit 1
fi
if ! find_server >/dev/null; then
    sh "$(dirname "$0")/apt_install.sh" redis-server
fi
find_server
