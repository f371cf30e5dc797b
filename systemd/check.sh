#!/bin/sh
# Checks the units: systemd must read them without a complaint, and none may be exposed by more than 1.2 of 10.
#
# Usage: systemd/check.sh     (part of `make check`; skipped where systemd-analyze is not installed)
set -eu
command -v systemd-analyze >/dev/null || { echo "systemd/check.sh: no systemd-analyze: skipped"; exit 0; }
# In tenths, as systemd-analyze wants it. The rest is what the agent needs: scanners, udev's netlink, HQ's network.
exposure_max=12

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for unit in "$(dirname "$0")"/*.service "$(dirname "$0")"/*.timer; do
    # The programs need not be installed to check their units.
    sed 's#^ExecStart=/usr/bin/stamp[a-z]*#ExecStart=/bin/true#' "$unit" >"$work/$(basename "$unit")"
done
complaints=$(systemd-analyze verify --man=no "$work"/*.service "$work"/*.timer 2>&1) || true
[ -z "$complaints" ] || { echo "$complaints"; exit 1; }
for unit in stampd stamphq stamphq-relay; do
    table=$(systemd-analyze security --offline=true --threshold=$exposure_max --no-pager "$work/$unit.service") || {
        echo "$table" | grep -v '✓'
        exit 1
    }
    echo "$table" | tail -1
done
