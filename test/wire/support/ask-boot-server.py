"""Asks a boot server as EDK2 does (PxeBcDhcp4Discover): from port 4011 to port 4011, and hears on 4011.

usage: ask-boot-server.py SERVER REQUEST-IN-HEX; prints the sender and the answer in hex
"""
import socket
import sys

server, request = sys.argv[1], bytes.fromhex(sys.argv[2])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as boot:
    boot.bind(("0.0.0.0", 4011))
    # Its own windows; without an answer it prints nothing.
    for window in (4, 8, 16):
        boot.sendto(request, (server, 4011))
        boot.settimeout(window)
        try:
            answer, (address, port) = boot.recvfrom(2048)
        except TimeoutError:
            continue
        print(address, port, answer.hex())
        break
