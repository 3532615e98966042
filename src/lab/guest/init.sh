#!/bin/sh
# The first and only program of the demo's system: configures the machine over the network, says on the serial console
# how far it has come, and switches it off.

. /lib.sh
start
if told slipway.disk-boot; then
  # From the kernel's own first lines.
  dmesg | grep -q "Secure boot enabled" && secure=", with Secure Boot"
  say "booted from disk$secure"
  get_address
  finish "done, from its own disk"
fi
get_address
configure
pull_image
phone_home
finish "configured $name"
