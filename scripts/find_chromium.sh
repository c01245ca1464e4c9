#!/bin/sh
# Print the path of a Chromium for the browser tests; install what they lack, by apt.
# CHROMIUM=… chooses the browser.
set -eu

scripts=$(dirname "$0")

find_browser() {
    for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
        "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
        if [ -n "$browser" ] && command -v "$browser"; then
            return 0
        fi
    done
    return 1
}

if [ -n "${CHROMIUM:-}" ] && ! command -v "$CHROMIUM" >/dev/null; then
    echo "CHROMIUM names $CHROMIUM, which is not a program." >&2
    exit 1
fi
missing=
find_browser >/dev/null || missing=chromium
# A Chromium without fonts draws empty boxes, and every screenshot is useless.
if command -v apt-get >/dev/null && ! fc-list 2>/dev/null | grep -q .; then
    missing="$missing fontconfig fonts-dejavu-core fonts-liberation"
fi
# Playwright's driver links against it; minimal Debian systems are without.
if command -v dpkg-query >/dev/null &&
    ! dpkg-query --show --showformat='${Status}' libatomic1 2>/dev/null | grep -q "ok installed"; then
    missing="$missing libatomic1"
fi
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086  # several packages
    sh "$scripts/apt_install.sh" $missing
fi
find_browser
