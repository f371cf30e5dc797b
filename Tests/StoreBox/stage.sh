#!/bin/bash
# Collects what the virtual store installs: the built programs with all their files, and the
# harness's configuration.
#
# Usage: stage.sh BIN_DIR SYSTEM_ROOT STAGE_DIR     BIN_DIR is .build/debug or .build/release
set -euo pipefail
bin=$1 root=$2 stage=$3
here=$(cd "$(dirname "$0")" && pwd)
programs=$stage.programs

rm -rf "$stage" "$programs" && mkdir -p "$stage" "$programs"
# Copies without debug information: a debug build is hundreds of megabytes.
for program in stampd stamphq stampctl; do
    strip --strip-unneeded -o "$programs/$program" "$bin/$program"
done
"$here/../../systemd/install.sh" "$programs" "$stage"

# A debug build uses the toolchain's Swift libraries; a release build has them inside.
libraries=$stage/usr/lib/stampd
mkdir -p "$libraries" "$stage/etc/ld.so.conf.d"
for program in stampd stamphq stampctl; do ldd "$bin/$program"; done |
    awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u | while read -r library; do
    # The machine's own libraries stay its own.
    [ -e "$root/$library" ] || [ -e "$root/usr/$library" ] ||
        strip --strip-unneeded -o "$libraries/$(basename "$library")" "$library"
done
echo /usr/lib/stampd >"$stage/etc/ld.so.conf.d/stampd.conf"

cp -a "$here/site/." "$stage/"
install -D -m 644 "$here/guest/storebox-events.service" "$stage/usr/lib/systemd/system/storebox-events.service"
# Makes flushing do nothing, for the control that must lose awards.
cc -shared -fPIC -O1 -o "$libraries/nosync.so" "$here/nosync.c"
rm -rf "$programs"
