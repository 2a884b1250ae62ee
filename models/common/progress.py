"""Files that a run leaves behind: a log of one JSON line per epoch, and checkpoints."""

import json
import os

import torch


class Log:
    """Appends JSON lines to a file, a fresh one unless `resume`, each flushed, and echoes them."""

    def __init__(self, path, resume=False):
        self._path = path
        if not resume:
            path.write_text("")

    def write(self, **record):
        line = json.dumps(record)
        with self._path.open("a") as file:
            file.write(line + "\n")
        print(line, flush=True)


def save_atomically(state, path):
    """Writes beside `path`, then renames: a cut run leaves the old checkpoint or the new one."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)
