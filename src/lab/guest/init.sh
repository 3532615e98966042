#!/bin/sh
# The first and only program of the demo's system: configures the machine over the network as a small NoCloud client
# does, and says on the serial console how far it has come. Runs on the shell and tools of busybox.

/bin/busybox mkdir -p /proc /sys /dev /tmp /run /etc
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
# Kernel messages would fall into the middle of ours.
dmesg -n 1
[ -c /dev/ttyS0 ] && exec </dev/ttyS0 >/dev/ttyS0 2>&1

say() { echo "SLIPWAY-GUEST: $*"; }

option() { # NAME: the value of NAME=… on the kernel's command line
  for word in $(cat /proc/cmdline); do
    case "$word" in "$1="*) echo "${word#*=}" && return ;; esac
  done
}

finish() {
  say "$*"
  case " $(cat /proc/cmdline) " in *" slipway.stay "*) while :; do sleep 3600; done ;; esac
  sync
  poweroff -f
}

say "linux is up: $(uname -r)"
while read -r module; do insmod "$module"; done </modules.order
ip link set lo up

find_nic() { # the one that booted (BOOTIF=01-52-54-…), else the first
  bootif=$(option BOOTIF | tr A-F a-f | sed 's/^..-//; s/-/:/g')
  for nic in /sys/class/net/*; do
    name=${nic##*/}
    [ "$name" = lo ] && continue
    [ -z "$bootif" ] && echo "$name" && return
    [ "$(cat "$nic/address")" = "$bootif" ] && echo "$name" && return
  done
}

for second in 1 2 3 4 5 6 7 8 9 10; do
  nic=$(find_nic)
  [ -n "$nic" ] && break
  sleep 1
done
[ -n "$nic" ] || finish "failed: no network card"
ip link set "$nic" up
say "asking for an address on $nic ($(cat "/sys/class/net/$nic/address"))"
udhcpc -q -n -f -t 10 -T 3 -i "$nic" -s /dhcp.sh >/tmp/dhcp.log 2>&1 || finish "failed: no answer to DHCP"
say "address $(cat /run/address) on $nic"

# The seed is written "ds=nocloud-net;s=http://…/" or "ds=nocloud;s=…", with any other keys.
seed=$(option ds | tr ';' '\n' | sed -n 's/^\(s\|seedfrom\)=//p')
[ -n "$seed" ] || finish "failed: no seed on the command line"

# timeout instead of -T, which Debian 12's static busybox answers with a crash.
fetch() { # NAME: one document of the seed
  for try in 1 2 3 4 5 6 7 8 9 10; do
    timeout 10 wget -q -O "/run/$1" "$seed$1" 2>/tmp/wget.log && return
    sleep 1
  done
  finish "failed: cannot fetch $seed$1: $(tail -n 1 /tmp/wget.log)"
}

for document in meta-data user-data vendor-data network-config; do
  fetch $document
  say "fetched $document ($(wc -c <"/run/$document") bytes)"
done

field() { # NAME: a plain value of meta-data, with or without quotes
  sed -n "s/^[\"']*$1[\"']* *: *[\"']*\([^\"' ]*\).*/\1/p" /run/meta-data | head -n 1
}

name=$(field local-hostname)
instance=$(field instance-id)
[ -n "$name" ] || finish "failed: meta-data has no local-hostname"
hostname "$name"
say "hostname $(hostname)"

# The first address after phone_home, in block or in flow style.
report=$(sed -n '/phone_home/,$p' /run/vendor-data | sed '1s/.*phone_home//' | grep -o "https\?://[^\"' ,}]*" | head -n 1 | sed "s/\$INSTANCE_ID/$instance/")
if [ -n "$report" ]; then
  for try in 1 2 3 4 5 6 7 8 9 10; do
    timeout 10 wget -q -O /dev/null --post-data "hostname=$name&instance_id=$instance" "$report" 2>/tmp/wget.log && reported=yes && break
    sleep 3
  done
  [ "$reported" ] || finish "failed: cannot phone home to $report: $(tail -n 1 /tmp/wget.log)"
  say "phoned home"
fi
finish "configured $name"
