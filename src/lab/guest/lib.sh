#!/bin/sh
# What the systems of the lab have in common: they come up on a serial console, get an address, and fetch their
# configuration as a small NoCloud client does. Runs on the shell and tools of busybox.

say() { echo "SLIPWAY-GUEST: $*"; }

option() { # NAME: the value of NAME=… on the kernel's command line
  for word in $(cat /proc/cmdline); do
    case "$word" in "$1="*) echo "${word#*=}" && return ;; esac
  done
}

told() { # WORD: whether it stands on the kernel's command line
  case " $(cat /proc/cmdline) " in *" $1 "*) return 0 ;; esac
  return 1
}

finish() {
  say "$*"
  if told slipway.stay; then while :; do sleep 3600; done; fi
  sync
  poweroff -f
}

start() {
  /bin/busybox mkdir -p /proc /sys /dev /tmp /run /etc
  /bin/busybox --install -s /bin
  export PATH=/bin
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount -t devtmpfs devtmpfs /dev
  # Kernel messages would fall into the middle of ours.
  dmesg -n 1
  console=/dev/$(option console)
  [ -c "$console" ] && exec <"$console" >"$console" 2>&1
  say "linux is up: $(uname -r)"
  while read -r module; do insmod "$module"; done </modules.order
}

find_nic() { # the one that booted (BOOTIF=01-52-54-…), else the first
  bootif=$(option BOOTIF | tr A-F a-f | sed 's/^..-//; s/-/:/g')
  for nic in /sys/class/net/*; do
    name=${nic##*/}
    [ "$name" = lo ] && continue
    [ -z "$bootif" ] && echo "$name" && return
    [ "$(cat "$nic/address")" = "$bootif" ] && echo "$name" && return
  done
}

get_address() {
  ip link set lo up
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
}

# timeout instead of -T, which Debian 12's static busybox answers with a crash.
fetch() { # NAME: one document of the seed
  for try in 1 2 3 4 5 6 7 8 9 10; do
    timeout 10 wget -q -O "/run/$1" "$seed$1" 2>/tmp/wget.log && return
    sleep 3
  done
  finish "failed: cannot fetch $seed$1: $(tail -n 1 /tmp/wget.log)"
}

field() { # NAME: a plain value of meta-data, with or without quotes
  sed -n "s/^[\"']*$1[\"']* *: *[\"']*\([^\"' ]*\).*/\1/p" /run/meta-data | head -n 1
}

configure() { # fetches all documents of the seed, and takes its name from them
  # The seed is written "ds=nocloud-net;s=http://…/" or "ds=nocloud;s=…", with any other keys.
  seed=$(option ds | tr ';' '\n' | sed -n 's/^\(s\|seedfrom\)=//p')
  [ -n "$seed" ] || finish "failed: no seed on the command line"
  for document in meta-data user-data vendor-data network-config; do
    fetch $document
    say "fetched $document ($(wc -c <"/run/$document") bytes)"
  done
  name=$(field local-hostname)
  instance=$(field instance-id)
  [ -n "$name" ] || finish "failed: meta-data has no local-hostname"
  hostname "$name"
  say "hostname $(hostname)"
}

download() { # URL FILE
  for try in 1 2 3 4 5 6 7 8 9 10; do
    timeout 30 wget -q -O "$2" "$1" 2>/tmp/wget.log && return
    sleep 3
  done
  finish "failed: cannot fetch $1: $(tail -n 1 /tmp/wget.log)"
}

pull_image() { # slipway.image=HOST:PORT/REGISTRY/NAME:TAG, as a container runtime does: its manifest, then what that names
  image=$(option slipway.image)
  [ -n "$image" ] || return 0
  name=${image#*/}
  base=http://${image%%/*}/v2/${name%:*}
  download "$base/manifests/${name##*:}" /run/manifest
  for digest in $(grep -o 'sha256:[0-9a-f]*' /run/manifest); do
    download "$base/blobs/$digest" /run/blob
    sum=$(sha256sum </run/blob)
    [ "sha256:${sum%% *}" = "$digest" ] || finish "failed: what came as $digest is something else"
    rm /run/blob
  done
  say "pulled $image"
}

phone_home() { # where vendor-data says; nothing if it does not
  # The first address after phone_home, in block or in flow style.
  report=$(sed -n '/phone_home/,$p' /run/vendor-data | sed '1s/.*phone_home//' | grep -o "https\?://[^\"' ,}]*" | head -n 1 | sed "s/\$INSTANCE_ID/$instance/")
  [ -n "$report" ] || return 0
  for try in 1 2 3 4 5 6 7 8 9 10; do
    timeout 10 wget -q -O /dev/null --post-data "hostname=$name&instance_id=$instance" "$report" 2>/tmp/wget.log && reported=yes && break
    sleep 3
  done
  [ "$reported" ] || finish "failed: cannot phone home to $report: $(tail -n 1 /tmp/wget.log)"
  say "phoned home"
}
