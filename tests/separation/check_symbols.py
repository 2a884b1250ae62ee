#!/usr/bin/env python3
"""The server must not be able to decrypt: its executable holds no symbol of the client's secret rooms.

Usage: check_symbols.py SERVER CLIENT. The client is the control: it must hold what the server must not.
"""
import subprocess
import sys

FORBIDDEN = ("serdab::ckks_secret::", "serdab::client::")


def symbols(path):
    return subprocess.run(["nm", "--demangle", path], check=True, capture_output=True, text=True).stdout


def main(server, client):
    server_symbols, client_symbols = symbols(server), symbols(client)
    failed = False
    for room in FORBIDDEN:
        found = [line for line in server_symbols.splitlines() if room in line]
        control = sum(room in line for line in client_symbols.splitlines())
        print(f"{room} {len(found)} symbols in the server, {control} in the client")
        for line in found[:5]:
            print("   ", line)
        failed |= bool(found) or control == 0
    if "serdab::runtime::" not in server_symbols:
        print("the server holds no symbol of serdab::runtime: is it stripped? then this test sees nothing")
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
