"""A small file system of a test's own, which can be filled."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

BLOCK = 4096


@dataclass
class Volume:
    """A tmpfs. Only root can mount one."""

    path: Path

    @classmethod
    def mount(cls, path: Path, mebibytes: int) -> Volume:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = f"size={mebibytes}m,mode=0700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        return cls(path)

    def unmount(self) -> None:
        # Lazily: a process that outlived its test may still have a file open.
        subprocess.run(["umount", "--lazy", self.path], check=True)

    @property
    def filler(self) -> Path:
        return self.path / "filler"

    def fill(self) -> None:
        """Leaves no free block. Files that end within one can still grow to its end."""
        with self.filler.open("ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(BLOCK))
            except OSError:
                os.fsync(filler.fileno())

    def free(self) -> None:
        self.filler.unlink()
