#!/bin/sh
# Create the virtual environment $1 with the first Python that is new enough and complete.
# Does nothing when a usable one is there already. PYTHON=… chooses the Python.
set -eu

venv=$1
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

if "$venv/bin/python" -c "$new_enough" 2>/dev/null &&
    "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

incomplete=
for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    "$python" -c "$new_enough" 2>/dev/null || continue
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "Creating $venv with $("$python" --version)"
        exec "$python" -m venv --clear "$venv"
    fi
    incomplete=$python
done

if [ -n "$incomplete" ]; then
    version=$("$incomplete" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "$incomplete is Python $version, but its venv module is not installed." >&2
    echo "On Debian and Ubuntu: apt-get install python$version-venv; then run make again." >&2
else
    echo "studyq needs Python 3.11 or newer; none of these is: ${PYTHON:-python3 python3.13 python3.12 python3.11}." >&2
    echo "Install one, or name one that is not on PATH: make PYTHON=/path/to/python3.12" >&2
fi
exit 1
