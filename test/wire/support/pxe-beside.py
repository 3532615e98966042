"""DHCP as PXE firmware speaks it beside other servers: all offers are heard, and the address of one is taken.

usage: pxe-beside.py DISCOVER-IN-HEX SERVERS [take]; prints a line of JSON for each server's offer, then for the ACK;
with `take` the address is the card's from then on. Like firmware it says the same again when it is not answered, until
that many SERVERS have offered something.
"""
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import time

HEADER = 240
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
# EDK2 waits so long for each of its attempts, and then gives up.
WINDOWS_S = (4, 8, 16)
# Who else would answer has done so by then.
LISTEN_S = 0.7

SIOCGIFHWADDR = 0x8927
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    # Not from /sys, which may be that of another network namespace.
    mac = fcntl.ioctl(any_socket, SIOCGIFHWADDR, struct.pack("256s", b"eth0"))[18:24]


def options_of(packet):
    found, at = {}, HEADER
    while at < len(packet) and packet[at] != 255:
        if packet[at] == 0:
            at += 1
            continue
        found[packet[at]] = packet[at + 2 : at + 2 + packet[at + 1]]
        at += 2 + packet[at + 1]
    return found


def packet_of(recorded, xid, changes):
    options = {**options_of(recorded), **changes}
    if 61 in options:
        options[61] = bytes([1]) + mac
    if 97 in options:
        options[97] = bytes([0]) + b"Z" * 10 + mac
    header = bytearray(recorded[:HEADER])
    header[4:8] = xid
    header[28:34] = mac
    rows = b"".join(bytes([code, len(value)]) + value for code, value in options.items())
    return bytes(header) + rows + b"\xff"


def ask(wire, packet, xid, wanted, servers):
    """The first answer of each server."""
    began, heard, until = time.monotonic(), {}, 0
    for window in WINDOWS_S:
        wire.sendto(packet, ("255.255.255.255", 67))
        until = max(until, time.monotonic()) + window
        while True:
            enough_at = began + LISTEN_S if wanted == OFFER else began
            left = (enough_at if len(heard) >= servers else until) - time.monotonic()
            if left <= 0:
                break
            wire.settimeout(left)
            try:
                answer, (sender, _) = wire.recvfrom(2048)
            except TimeoutError:
                continue
            options = options_of(answer)
            if answer[0] == 2 and answer[4:8] == xid and options.get(53) == bytes([wanted]):
                heard.setdefault(options.get(54), (answer, options, sender))
        if len(heard) >= servers:
            break
    return list(heard.values())


def told(packet, options, sender):
    text = lambda raw: raw.split(b"\0")[0].decode()
    address = lambda raw: socket.inet_ntoa(raw) if raw else None
    return {
        "from": sender,
        "yiaddr": address(packet[16:20]),
        "siaddr": address(packet[20:24]),
        "giaddr": address(packet[24:28]),
        "file": text(packet[108:236]),
        "server": address(options.get(54)),
        "class": text(options.get(60, b"")),
        "codes": sorted(options),
    }


recorded, servers = bytes.fromhex(sys.argv[1]), int(sys.argv[2])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    wire.bind(("", 68))
    xid = os.urandom(4)
    offers = ask(wire, packet_of(recorded, xid, {}), xid, OFFER, servers)
    for offer in offers:
        print(json.dumps(told(*offer)))
    leased = [offer for offer in offers if offer[0][16:20] != bytes(4)]
    if leased and "take" in sys.argv:
        packet, options, _ = leased[0]
        wanted = {53: bytes([REQUEST]), 50: packet[16:20], 54: options[54]}
        for ack in ask(wire, packet_of(recorded, xid, wanted), xid, ACK, 1):
            print(json.dumps(told(*ack)))
            subprocess.run(["ip", "-4", "address", "flush", "dev", "eth0"], check=True)
            mine = socket.inet_ntoa(ack[0][16:20]) + "/24"
            subprocess.run(["ip", "address", "add", mine, "broadcast", "+", "dev", "eth0"], check=True)
