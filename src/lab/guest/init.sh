#!/bin/sh
# The first and only program of the demo's system: configures the machine over the network, says on the serial console
# how far it has come, and switches it off.

. /lib.sh
start
if told slipway.disk-boot; then
  say "booted from disk"
  get_address
  finish "done, from its own disk"
fi
get_address
configure
phone_home
finish "configured $name"
