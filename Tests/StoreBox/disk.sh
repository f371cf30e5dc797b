#!/bin/bash
# Installs files on the empty machine of image.sh and makes its disk.
#
# Usage: disk.sh OUT_DIR STAGE_DIR DISK     STAGE_DIR is copied over the machine's root (`make
# install DESTDIR=…`)
set -euo pipefail
out=$1 stage=$2 disk=$3
root=$out/installed

rm -rf "$root" "$disk"
cp -al "$out/root" "$root"
# Into a real directory: Debian 12 has /lib as a link to /usr/lib, and `cp -a` would replace the
# link.
(cd "$stage" && tar -cf - .) | tar -C "$root" --keep-directory-symlink --no-same-owner -xf -
chroot "$root" ldconfig
chroot "$root" systemd-sysusers
chroot "$root" systemd-hwdb update
# Swift programs find their arguments in /proc; a mount of our own goes with the shell.
# shellcheck disable=SC2016
unshare -m sh -c 'mount --bind /proc "$0/proc" && exec chroot "$0" /usr/lib/storebox/setup.sh' "$root" \
    >"$out/setup.log" 2>&1 || { tail -5 "$out/setup.log" >&2; exit 1; }
for unit in stampd.service stamphq.service storebox-events.service; do
    [ ! -f "$root/lib/systemd/system/$unit" ] || chroot "$root" systemctl enable -q "$unit"
done
truncate -s 3G "$disk"
# 4 KiB blocks: with 1 KiB blocks a full disk ends in SIGBUS for a mapped file.
mkfs.ext4 -q -F -b 4096 -i 65536 -E lazy_itable_init=0,lazy_journal_init=0 -J size=16 -d "$root" "$disk"
rm -rf "$root"
