#!/bin/bash
# Makes USB scanners with any vendor id inside the store, on the kernel's own dummy USB host.
#
# gadget.sh keyboard|serial|hidpos NAME PORT VENDOR PRODUCT MAKER MODEL [SERIAL]   builds and plugs one; PORT is 0 to 3
# gadget.sh unplug NAME        gadget.sh plug NAME PORT        gadget.sh remove NAME
# gadget.sh node NAME          prints the gadget side's device node
# gadget.sh report NAME        sends the HID reports of standard input, one a line as \xNN\xNN…, 5 ms apart
# gadget.sh send NAME          sends standard input down a serial gadget
set -euo pipefail
tree=/sys/kernel/config/usb_gadget
# A Datalogic GD4400's report descriptor, 65 bytes; any boot keyboard's is alike.
keyboard_descriptor='\x05\x01\x09\x06\xa1\x01\x05\x07\x19\xe0\x29\xe7\x15\x00\x25\x01\x75\x01\x95\x08\x81\x02\x95\x01'
keyboard_descriptor+='\x75\x08\x81\x01\x95\x05\x75\x01\x05\x08\x19\x01\x29\x05\x91\x02\x95\x01\x75\x03\x91\x01\x95\x06'
keyboard_descriptor+='\x75\x08\x15\x00\x26\xff\x00\x05\x07\x19\x00\x2a\xff\x00\x81\x00\xc0'
# A bar code scanner of HID Point of Sale Usage Tables 1.02 (page 0x8C): scanner 02, report 12,
# report id 2 with
# length, three bytes of AIM identifier (FB FC FD), 56 of data (FE), vendor code id and flags, "more
# follows" (FF).
hidpos_descriptor='\x05\x8c\x09\x02\xa1\x01\x09\x12\xa1\x02\x85\x02\x15\x00\x26\xff\x00\x75\x08'
hidpos_descriptor+='\x95\x01\x05\x01\x09\x3b\x81\x02\x05\x8c\x95\x01\x09\xfb\x81\x02\x09\xfc\x81\x02\x09\xfd\x81\x02'
hidpos_descriptor+='\x95\x38\x09\xfe\x82\x02\x01\x95\x01\x06\x66\xff\x09\x04\x81\x02\x09\x00\x81\x02'
hidpos_descriptor+='\x05\x8c\x75\x01\x25\x01\x09\xff\x81\x02\x95\x07\x81\x03\xc0\xc0'

hid_function() { # NAME PROTOCOL SUBCLASS LENGTH DESCRIPTOR
    local function=$tree/$1/functions/hid.usb0
    mkdir "$function"
    echo "$2" >"$function/protocol"
    echo "$3" >"$function/subclass"
    echo "$4" >"$function/report_length"
    printf "$5" >"$function/report_desc"
}

build() { # KIND NAME PORT VENDOR PRODUCT MAKER MODEL [SERIAL]
    modprobe -a dummy_hcd libcomposite usb_f_hid usb_f_acm
    mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
    local gadget=$tree/$2
    mkdir -p "$gadget/strings/0x409" "$gadget/configs/c.1/strings/0x409"
    echo "0x$4" >"$gadget/idVendor"
    echo "0x$5" >"$gadget/idProduct"
    echo "$6" >"$gadget/strings/0x409/manufacturer"
    echo "$7" >"$gadget/strings/0x409/product"
    [ -z "${8:-}" ] || echo "$8" >"$gadget/strings/0x409/serialnumber"
    case $1 in
    keyboard) hid_function "$2" 1 1 8 "$keyboard_descriptor" ;;
    hidpos) hid_function "$2" 0 0 64 "$hidpos_descriptor" ;;
    serial) mkdir "$gadget/functions/acm.usb0" ;;
    esac
    ln -s "$gadget"/functions/*.usb0 "$gadget/configs/c.1/"
    echo "dummy_udc.$3" >"$gadget/UDC"
}

node() { # NAME
    local function
    function=$(echo "$tree/$1"/functions/*.usb0)
    case $function in
    */hid.usb0) readlink -f "/dev/char/$(cat "$function/dev")" ;;
    */acm.usb0) echo "/dev/ttyGS$(cat "$function/port_num")" ;;
    esac
}

remove() { # NAME
    echo >"$tree/$1/UDC" || true
    rm "$tree/$1"/configs/c.1/*.usb0
    rmdir "$tree/$1"/configs/c.1/strings/0x409 "$tree/$1"/configs/c.1 "$tree/$1"/functions/*.usb0
    rmdir "$tree/$1"/strings/0x409 "$tree/$1"
}

report() { # NAME
    local line pause
    exec 4>"$(node "$1")"
    # A pipe that nobody writes to: `read` on it is a pause without a process.
    exec {pause}<> <(:)
    while read -r line; do
        printf "$line" >&4
        read -r -t 0.005 -u "$pause" || true
    done
}

send() { # NAME
    local port
    port=$(node "$1")
    stty -F "$port" raw -echo
    cat >"$port"
}

case $1 in
keyboard | serial | hidpos) build "$@" ;;
plug) echo "dummy_udc.$3" >"$tree/$2/UDC" ;;
unplug) echo >"$tree/$2/UDC" ;;
*) "$@" ;;
esac
