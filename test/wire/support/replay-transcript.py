"""Says what a machine said in a transcript, from its own MAC, and hears what the site answers.

usage: replay-transcript.py MAC SITE <STEPS-AS-JSON; prints what was heard, as JSON of the same form
"""
import json
import socket
import struct
import sys
import time

KNOWN_PORTS = (67, 69, 4011)
HEAR_S = 5.0
IPV4, ARP, UDP = 0x0800, 0x0806, 17
ACK, OACK = 4, 6
EVERYBODY = b"\xff" * 6

mac = bytes.fromhex(sys.argv[1].replace(":", ""))
site = socket.inet_aton(sys.argv[2])
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind(("eth0", 0))
mine, transfer_ports = set(), {}
site_mac = EVERYBODY


def end_of(text):
    address, port = text.split(":")
    return socket.inet_aton(address), int(port)


def checksum(header):
    total = sum(struct.unpack("!10H", header))
    return ~(total + (total >> 16)) & 0xFFFF


def send(source, target, payload):
    (own, own_port), (to, port) = source, target
    if own != bytes(4):
        mine.add(own)
    udp = struct.pack("!HHHH", own_port, port, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, UDP, 0, own, to)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    target_mac = EVERYBODY if to == b"\xff" * 4 else site_mac
    wire.send(target_mac + mac + struct.pack("!H", IPV4) + head + udp)


def answer_arp(frame):
    asker, asking, wanted = frame[22:28], frame[28:32], frame[38:42]
    if frame[20:22] == b"\0\1" and wanted in mine:
        reply = struct.pack("!HHBBH", 1, IPV4, 6, 4, 2) + mac + wanted + asker + asking
        wire.send(asker + mac + struct.pack("!H", ARP) + reply)


def hear(port, from_port):
    """The next datagram of the site to a port of ours; None if there is none."""
    global site_mac
    until = time.monotonic() + HEAR_S
    while (left := until - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            frame = wire.recv(65536)
        except TimeoutError:
            return None
        if frame[0:6] not in (mac, EVERYBODY):
            continue
        kind = struct.unpack("!H", frame[12:14])[0]
        if kind == ARP:
            answer_arp(frame)
        if kind != IPV4 or frame[23] != UDP or frame[26:30] != site:
            continue
        site_mac = frame[6:12]
        at = 14 + 4 * (frame[14] & 15)
        sent_from, sent_to, length = struct.unpack("!HHH", frame[at : at + 6])
        is_from = sent_from == from_port if from_port in KNOWN_PORTS else sent_from not in KNOWN_PORTS
        if sent_to == port and is_from:
            return sent_from, frame[30:34], frame[at + 8 : at + length]
    return None


def option_of(oack, name):
    words = oack[2:].split(b"\0")
    return next((int(words[i + 1]) for i in range(0, len(words) - 1, 2) if words[i].lower() == name), None)


def fetch(own, last):
    """Acknowledges blocks as the machine did: one for each window."""
    target, oack = last
    window, size = option_of(oack, b"windowsize") or 1, option_of(oack, b"blksize") or 512
    count, total = 0, 0
    send(own, target, struct.pack("!HH", ACK, 0))
    while (heard := hear(own[1], target[1])) is not None:
        block, data = struct.unpack("!H", heard[2][2:4])[0], heard[2][4:]
        if block != count + 1:
            continue
        count, total = block, total + len(data)
        if len(data) < size or count % window == 0:
            send(own, target, struct.pack("!HH", ACK, count))
        if len(data) < size:
            break
    return {"way": "blocks", "count": count, "total": total}


heard_all, own, last = [], None, None
for step in json.load(sys.stdin):
    if step["way"] == ">":
        own, (to, port) = end_of(step["from"]), end_of(step["to"])
        send(own, (to, transfer_ports.get(port, port)), bytes.fromhex(step["hex"]))
    elif step["way"] == "<":
        (_, recorded), (_, port) = end_of(step["from"]), end_of(step["to"])
        heard = hear(port, recorded)
        if heard is None:
            heard_all.append({"way": "<", "from": step["from"], "to": "nobody:0", "hex": ""})
            continue
        sent_from, to, payload = heard
        if recorded not in KNOWN_PORTS:
            transfer_ports[recorded] = sent_from
        last = ((site, sent_from), payload)
        told = {"from": step["from"], "to": f"{socket.inet_ntoa(to)}:{port}", "hex": payload.hex()}
        heard_all.append({"way": "<", **told})
    elif step["way"] == "blocks":
        heard_all.append(fetch(own, last))
print(json.dumps(heard_all))
