#!/bin/bash
# Finds a USB device's node: node.sh VENDOR SUBSYSTEM prints the node and the device's power/control.
for device in /sys/bus/usb/devices/*; do
    [ "$(cat "$device/idVendor" 2>/dev/null)" = "$1" ] || continue
    number=$(find "$(readlink -f "$device")" -path "*/$2/*" -name dev | head -1)
    [ -n "$number" ] || continue
    echo "/dev/$(sed -n 's/^DEVNAME=//p' "${number%dev}uevent") $(cat "$device/power/control")"
    exit 0
done
echo "no $2 node of a USB device $1" >&2
exit 1
