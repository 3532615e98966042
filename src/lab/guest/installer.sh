#!/bin/sh
# The first and only program of the lab's installer: fetches its configuration, copies a system onto the disk, reports
# and starts the machine again. As careless as real installers are: it erases whatever is there.

. /lib.sh
start
get_address
configure
[ -b /dev/vda ] || finish "failed: no disk"
if told slipway.fail; then
  say "the install fails, as it was told to"
  reboot -f
fi
if told slipway.wipe=1; then
  say "erasing the disk first, as ordered"
  # It ends where the disk ends.
  dd if=/dev/zero of=/dev/vda bs=1M 2>/tmp/dd.log
  grep -q "No space left" /tmp/dd.log || finish "failed: cannot erase the disk: $(tail -n 1 /tmp/dd.log)"
  sync
  say "erased $(($(cat /sys/block/vda/size) / 2048)) MiB"
fi
say "writing the disk"
dd if=/disk.img of=/dev/vda bs=1M 2>/tmp/dd.log || finish "failed: cannot write the disk: $(tail -n 1 /tmp/dd.log)"
sync
phone_home
say "installed $name"
reboot -f
