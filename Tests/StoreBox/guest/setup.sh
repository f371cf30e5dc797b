#!/bin/bash
# Sets HQ and the store up as an operator does, while the machine's disk is made: docs/operating.md, "Connect it to HQ".
set -euo pipefail

# systemd makes these at the first start; the operator's commands come before.
install -d -m 700 -o stamphq -g stamphq /var/lib/stamphq
install -d -m 700 -o stampd -g stampd /var/lib/stampd

key=$(runuser -u stamphq -- stamphq init)
sed -i "s|HQ_KEY|$key|" /etc/stampd/stampd.yaml
command=$(runuser -u stampd -- stampd identity)
# shellcheck disable=SC2086 # the command is printed to be pasted into a shell
runuser -u stamphq -- $command
