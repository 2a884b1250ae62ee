#!/usr/bin/env python3
"""Holds the house to its plan: every include between rooms is declared, no cycles, no private doors.

Usage: check_includes.py PROJECT_ROOT. Prints each offence with file and line; exit status 1 if any.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
ROOM = re.compile(r"serdab_room\((\w+)(.*?)\)", re.S)
SERVER_MUST_NOT_REACH = dict.fromkeys(("server", "runtime", "wire", "store", "work", "gateway", "remote"), "ckks_secret")


def declared_rooms(src):
    """Room name -> (its folder, set of rooms it declares)."""
    rooms = {}
    for cmake in sorted(src.glob("*/*/CMakeLists.txt")):
        match = ROOM.search(cmake.read_text())
        if not match:
            continue
        words = match.group(2).split()
        deps = set()
        if "DEPS" in words:
            for word in words[words.index("DEPS") + 1:]:
                if word.isupper() or "_PRIVATE" in word:
                    break
                deps.add(word)
        rooms[match.group(1)] = (cmake.parent, deps)
    return rooms


def offences(src, rooms):
    by_folder = {folder.relative_to(src).as_posix(): name for name, (folder, _) in rooms.items()}
    for name, (folder, deps) in rooms.items():
        for unknown in sorted(deps - rooms.keys()):
            yield f"{folder}/CMakeLists.txt: room '{name}' declares '{unknown}', which does not exist"
        if not (folder / "README.md").is_file():
            yield f"{folder}: room '{name}' has no README.md"
        for file in sorted([*folder.rglob("*.h"), *folder.rglob("*.cpp")]):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                path = match.group(1)
                target = by_folder.get("/".join(path.split("/")[:2]))
                where = f"{file}:{number}"
                if target is None:
                    yield f"{where}: include \"{path}\" is not written from src/"
                elif target != name and target not in deps:
                    yield f"{where}: room '{name}' includes '{target}' without declaring it"
                elif target != name and "internal" in path.split("/"):
                    yield f"{where}: {path} is private to room '{target}'"


def cycles(rooms):
    state = {}

    def visit(name, path):
        if state.get(name) == "done":
            return
        if state.get(name) == "open":
            yield " -> ".join([*path[path.index(name):], name])
            return
        state[name] = "open"
        for dep in sorted(rooms[name][1] & rooms.keys()):
            yield from visit(dep, [*path, name])
        state[name] = "done"

    for name in rooms:
        yield from visit(name, [])


def reach(rooms, name, seen=None):
    seen = set() if seen is None else seen
    for dep in rooms.get(name, (None, set()))[1]:
        if dep not in seen:
            seen.add(dep)
            reach(rooms, dep, seen)
    return seen


def main(root):
    src = pathlib.Path(root) / "src"
    rooms = declared_rooms(src)
    found = list(offences(src, rooms))
    found += [f"cycle between rooms: {cycle}" for cycle in cycles(rooms)]
    for name, forbidden in SERVER_MUST_NOT_REACH.items():
        if forbidden in reach(rooms, name):
            found.append(f"room '{name}' reaches '{forbidden}': the server must not be able to decrypt")
    for line in found:
        print(line)
    print(f"{len(rooms)} rooms, {len(found)} offences")
    return 1 if found or not rooms else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
