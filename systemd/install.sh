#!/bin/sh
# Installs the built programs, units, rules and first configuration, for `make install`, the package and the virtual store.
#
# Usage: systemd/install.sh BIN_DIR [DESTDIR]     BIN_DIR holds stampd, stamphq and stampctl; files go below DESTDIR
# Then, on a live machine: systemd-sysusers; systemd-hwdb update; udevadm control --reload; udevadm trigger;
# systemctl daemon-reload; systemctl enable --now stampd
set -eu
bin=$1
dest=${2:-}
here=$(cd "$(dirname "$0")/.." && pwd)

put() { # MODE FROM TO
    install -D -m "$1" "$here/$2" "$dest$3"
}

for program in stampd stamphq stampctl; do
    install -D -m 755 "$bin/$program" "$dest/usr/bin/$program"
done
for unit in stampd.service stamphq.service stamphq-relay.service stampd-retry.service stampd-retry.timer; do
    put 644 "systemd/$unit" "/usr/lib/systemd/system/$unit"
done
put 644 systemd/stampd.sysusers /usr/lib/sysusers.d/stampd.conf
put 644 systemd/stamphq.sysusers /usr/lib/sysusers.d/stamphq.conf
put 644 systemd/stampd.modules-load /usr/lib/modules-load.d/stampd.conf
put 644 systemd/stampd.logind /usr/lib/systemd/logind.conf.d/stampd.conf
put 644 systemd/stampd.sysctl /usr/lib/sysctl.d/60-stampd.conf
for rules in 61-stampd.rules 71-stampd.rules; do
    put 644 "udev/$rules" "/usr/lib/udev/rules.d/$rules"
done
put 644 udev/61-stampd.hwdb /usr/lib/udev/hwdb.d/61-stampd.hwdb

# The examples are the first configuration; one that is there is never touched.
configure() { # MODE FROM TO
    [ -e "$dest$3" ] || put "$@"
}
configure 644 docs/stampd.example.yaml /etc/stampd/stampd.yaml
configure 644 docs/stamphq.example.yaml /etc/stampd/stamphq.yaml
configure 644 programmes/stamp-card.yaml /etc/stampd/programme.yaml
