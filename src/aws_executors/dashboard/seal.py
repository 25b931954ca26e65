"""Snapshots sealed, so that nobody else reads them or writes one in a scheduler's place.

Law: sealed for one row, by a key that schedulers and API servers have and tasks have not. That is Airflow's
JWT secret, by which a scheduler signs the tokens of its tasks and an API server knows them: who has it can do
worse. Where Airflow signs by a private key, it is the Fernet key, of several the first; any of them opens.
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
"""Characters of a snapshot; what claims to be larger is none."""


class NoKeyError(AwsExecutorsError, RuntimeError):
    """Airflow has no key to seal by."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What Airflow has of keys, read once: a value of its configuration may be what a command prints."""

    roots: tuple[str, ...] = field(repr=False)

    def close(self, row: str, text: str) -> str:
        """The text for the row of this name, encrypted and signed; raises `NoKeyError`."""
        if not self.roots:
            raise NoKeyError("there is no key to seal it by; set [api_auth] jwt_secret, or [core] fernet_key")
        return _fernet(self.roots[0], row).encrypt(zlib.compress(text.encode())).decode()

    def open(self, row: str, text: str) -> str | None:
        """What was sealed for the row of this name; None for anything else."""
        for root in self.roots:
            try:
                packed = _fernet(root, row).decrypt(text.encode(errors="replace"))
                return zlib.decompressobj().decompress(packed, LARGEST).decode()
            except (InvalidToken, zlib.error, UnicodeDecodeError):
                continue
        return None


def seal() -> Seal:
    """That of this Airflow, as it is configured now."""
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
