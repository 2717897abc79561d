"""A small file system of a test's own, which can be filled."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

BLOCK = 4096
INODES = 1000


@dataclass
class Volume:
    """A tmpfs. Only root can mount one."""

    path: Path

    @classmethod
    def mount(cls, path: Path, mebibytes: int) -> Volume:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = f"size={mebibytes}m,nr_inodes={INODES},mode=0700"
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

    def take_inodes(self) -> None:
        """Leaves no inode: no file can be made, though there is room in those that are."""
        for number in range(INODES + 1):
            try:
                self.filler.with_name(f"filler-{number}").touch()
            except OSError:
                return
        raise AssertionError("there are more inodes than were asked for")

    def give_inodes(self) -> None:
        for filler in self.path.glob("filler-*"):
            filler.unlink()

    def make_read_only(self) -> None:
        self._remount("ro")

    def make_writable(self) -> None:
        self._remount("rw")

    def _remount(self, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", self.path], check=True)
