#!/bin/bash
# Builds the virtual store's empty machine: a minimal Debian 12 with its real kernel, systemd and
# udev.
#
# Usage: image.sh OUT_DIR        (as root; about two minutes, then cached by the content of this
# file and guest/)
# Needs: apt-get install qemu-system-x86 debootstrap e2fsprogs busybox-static cpio
# Makes: OUT_DIR/root (the machine's files), OUT_DIR/vmlinuz, OUT_DIR/initrd.gz. Prints nothing when
# they are there.
set -euo pipefail
out=$1
here=$(cd "$(dirname "$0")" && pwd)

packages=systemd,systemd-sysv,udev,dbus,kmod,libsqlite3-0,libudev1,zlib1g,libstdc++6,evtest,curl,strace
# What the store's devices, its disk and the harness's own wires need; modprobe finds what these
# depend on.
modules="virtio_pci virtio_blk virtio_console ext4 autofs4 configfs
    xhci_pci usbhid hid_generic evdev usbserial ftdi_sio cdc_acm uinput uhid
    dummy_hcd libcomposite usb_f_hid usb_f_acm usb_f_serial"
disk_modules="virtio_pci virtio_blk ext4"

[ "$(id -u)" = 0 ] || { echo "image.sh: run it as root: debootstrap and chroot need it" >&2; exit 1; }
for tool in debootstrap mkfs.ext4 busybox cpio qemu-system-x86_64; do
    command -v "$tool" >/dev/null || {
        echo "image.sh: no $tool: apt-get install qemu-system-x86 debootstrap e2fsprogs busybox-static cpio" >&2
        exit 1
    }
done

key=$( (cat "$here/image.sh"; cd "$here/guest" && find . -type f -print0 | sort -z | xargs -0 sha256sum) \
    | sha256sum | cut -c1-16)
[ "$(cat "$out/key" 2>/dev/null)" = "$key" ] && exit 0

# The Debian files are cached apart from ours: a changed guest/ must not download the world again.
system=$out/system-$(sha256sum <<<"$packages" | cut -c1-8)
fetch_system() {
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)
    [ -n "$mirror" ] || { echo "image.sh: apt knows no package list: run apt-get update" >&2; exit 1; }
    rm -rf "$system.part" && mkdir -p "$system.part"
    debootstrap --variant=minbase --include="$packages" bookworm "$system.part/root" \
        "$mirror" >"$out/debootstrap.log" 2>&1 \
        || { tail -20 "$out/debootstrap.log" >&2; exit 1; }
    rm -rf "$system.part/root"/{usr/share/{doc,man,locale,i18n,info,lintian},var/cache/apt/*,var/lib/apt/lists/*}
    local kernel
    kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
    [ -n "$kernel" ] || { echo "image.sh: apt knows no linux-image-amd64: apt-get update" >&2; exit 1; }
    (cd "$system.part" && apt-get download -q "$kernel" >/dev/null 2>&1 && dpkg -x ./"$kernel"_*.deb kernel)
    mv "$system.part/kernel/lib/modules" "$system.part/root/usr/lib/modules"
    chroot "$system.part/root" depmod "$(ls "$system.part/root/usr/lib/modules")"
    mv "$system.part" "$system"
}
mkdir -p "$out"
[ -d "$system" ] || fetch_system
version=$(ls "$system/root/usr/lib/modules")

# The files of modules and of all they depend on, in loading order.
module_files() {
    for module in "$@"; do
        chroot "$system/root" modprobe -S "$version" --show-depends "$module"
    done | awk '/^insmod/ && !seen[$2]++ {print $2}'
}

# Only the modules named above: 300 MB of others would be copied into every disk.
copy_system() {
    local tree=usr/lib/modules/$version
    mkdir -p "$out/root"
    tar -C "$system/root" --exclude=./usr/lib/modules -cf - . | tar -C "$out/root" -xf -
    mkdir -p "$out/root/$tree"
    cp "$system/root/$tree"/modules.{builtin,builtin.modinfo,order} "$out/root/$tree/"
    # shellcheck disable=SC2086
    module_files $modules | while read -r file; do
        install -D -m 644 "$system/root$file" "$out/root$file"
    done
    chroot "$out/root" depmod "$version"
}

make_initrd() {
    local initrd=$out/initrd
    rm -rf "$initrd" && mkdir -p "$initrd"/{bin,mods,proc,sys,dev,newroot}
    cp "$(command -v busybox)" "$initrd/bin/"
    # shellcheck disable=SC2086
    module_files $disk_modules | while read -r file; do
        cp "$system/root$file" "$initrd/mods/" && basename "$file"
    done >"$initrd/mods/order"
    cp "$here/guest/init" "$initrd/init" && chmod 755 "$initrd/init"
    (cd "$initrd" && find . | cpio -o -H newc --quiet | gzip -1) >"$out/initrd.gz"
    rm -rf "$initrd"
}

# A machine that boots in seconds: no first boot, no clean-up timers, no login prompts.
settle_machine() {
    local root=$out/root
    echo storebox >"$root/etc/hostname"
    printf '127.0.0.1 localhost storebox\n' >"$root/etc/hosts"
    echo 5702e80a57e5702e80a57e5702e80a57 >"$root/etc/machine-id"
    : >"$root/etc/fstab"
    sed -i 's/^root:[^:]*:/root::/' "$root/etc/shadow"
    touch "$root/etc/.updated" "$root/var/.updated"
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
        e2scrub_reap.service fstrim.timer systemd-timesyncd.service systemd-pstore.service getty.target \
        getty@tty1.service serial-getty@ttyS0.service systemd-update-utmp.service \
        systemd-update-utmp-runlevel.service systemd-random-seed.service systemd-journal-flush.service \
        systemd-binfmt.service systemd-tmpfiles-clean.timer proc-sys-fs-binfmt_misc.automount \
        sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount dev-mqueue.mount \
        modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service modprobe@dm_mod.service \
        modprobe@loop.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    install -D -m 644 "$here/guest/box.service" "$root/etc/systemd/system/box.service"
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
    ln -sf ../box.service "$root/etc/systemd/system/multi-user.target.wants/box.service"
    install -D -m 755 -t "$root/usr/lib/storebox" "$here"/guest/*.sh
    install -D -m 644 -t "$root/etc/modprobe.d" "$here/guest/dummy_hcd.conf"
    install -D -m 644 "$here/guest/journald.conf" "$root/etc/systemd/journald.conf.d/box.conf"
}

rm -rf "$out/root" "$out/key"
copy_system
make_initrd
settle_machine
cp "$system/kernel/boot/vmlinuz-$version" "$out/vmlinuz"
echo "$key" >"$out/key"
