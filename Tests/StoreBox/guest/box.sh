#!/bin/bash
# Runs the harness's commands. One line in: the command in Base64. One line out: its exit status and
# its output in Base64.
modprobe virtio_console
until [ -e /dev/virtio-ports/box ]; do sleep 0.1; done
exec 3<>/dev/virtio-ports/box
echo ready >&3
while read -r line <&3; do
    base64 -d <<<"$line" >/run/box.command
    bash /run/box.command </dev/null >/run/box.output 2>&1 3>&-
    echo "$? $(base64 -w0 /run/box.output)" >&3
done
