#!/bin/sh
# What udhcpc calls with each thing that happens to the lease; the lease is in the environment.
case "$1" in
  bound | renew)
    ip address flush dev "$interface"
    ip address add "$ip/${mask:-24}" dev "$interface"
    [ -n "$router" ] && ip route add default via "${router%% *}" dev "$interface"
    for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
    echo "$ip" >/run/address
    ;;
esac
exit 0
