"""Encrypt and sign snapshots, so that nobody else can read them or write one in a scheduler's place.

Law: a snapshot is sealed for one row, with a key that schedulers and API servers have and tasks do not. The
key is derived from Airflow's JWT secret, with which a scheduler signs the tokens of its tasks and an API
server verifies them; whoever has that secret can do greater harm anyway. If Airflow signs with a private key
instead, the key is derived from the Fernet key. Of several Fernet keys the first one seals, and each of them
opens.
"""

import base64
import zlib
from dataclasses import dataclass, field

from airflow.configuration import conf
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aws_executors.core.errors import AwsExecutorsError

LARGEST = 1 << 20
"""The most characters of a sealed snapshot and bytes of its text; a longer one is cut, thus invalid."""


class NoKeyError(AwsExecutorsError, RuntimeError):
    """Airflow has no key to seal with."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Airflow's keys, read once, because reading an option of Airflow's configuration may run a command."""

    roots: tuple[str, ...] = field(repr=False)

    def close(self, row: str, text: str) -> str:
        """Encrypt and sign the text for the row of this name; raises `NoKeyError`."""
        if not self.roots:
            raise NoKeyError("there is no key to seal it by; set [api_auth] jwt_secret, or [core] fernet_key")
        return _fernet(self.roots[0], row).encrypt(zlib.compress(text.encode())).decode()

    def open(self, row: str, text: str) -> str | None:
        """The text that was sealed for the row of this name; None for anything else."""
        for root in self.roots:
            try:
                packed = _fernet(root, row).decrypt(text.encode(errors="replace"))
                return zlib.decompressobj().decompress(packed, LARGEST).decode()
            except (InvalidToken, zlib.error, UnicodeDecodeError):
                continue
        return None


def seal() -> Seal:
    """The seal of this Airflow, as configured now."""
    by_private_key = any(_option("api_auth", name) for name in ("jwt_private_key_path", "trusted_jwks_url"))
    secret = "" if by_private_key else _option("api_auth", "jwt_secret")
    keys = [secret] if secret else _option("core", "fernet_key").split(",")
    return Seal(tuple(key.strip() for key in keys if key.strip()))


def _option(section: str, name: str) -> str:
    return conf.get(section, name, fallback="") or ""


def _fernet(root: str, row: str) -> Fernet:
    info = f"aws_executors fleet {row}".encode()
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(root.encode())
    return Fernet(base64.urlsafe_b64encode(key))
