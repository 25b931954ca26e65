"""Runs a notebook in a kernel of this very interpreter, and writes what it is afterwards to stdout.

Law: a process of its own (``run_notebook.py FILE``), so that nothing of Jupyter's event loops
and sockets is left in a test's.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient


class ThisPython(KernelSpecManager):
    """The one kernel there is, wherever Jupyter would look for others."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """How to start it."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python")


def main(path: str) -> int:
    """Run it; a cell that raises is an exit code other than 0."""
    read: Callable[..., Any] = nbformat.read  # these two have no types
    write: Callable[..., str] = nbformat.writes
    notebook = read(Path(path), as_version=4)
    manager = AsyncKernelManager(kernel_spec_manager=ThisPython())
    NotebookClient(notebook, km=manager, timeout=60).execute()
    sys.stdout.write(write(notebook))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
