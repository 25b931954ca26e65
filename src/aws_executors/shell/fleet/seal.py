"""What schedulers tell API servers, so that nobody else reads it or says it in their place.

Law: sealed for one row, by a key that schedulers and API servers have and tasks have not. That is Airflow's
JWT secret, by which a scheduler signs the tokens of its tasks and an API server knows them: who has it can do
worse. Where Airflow signs by a private key, it is the Fernet key, of several the first; any of them opens.
"""

import base64
import zlib
from collections.abc import Iterator

from airflow.configuration import conf
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LARGEST = 1 << 20
"""Characters of a snapshot; what claims to be larger is none."""


class NoKeyError(RuntimeError):
    """Airflow has no key to seal by."""


def sealed(row: str, text: str) -> str:
    """The text for the row of this name, encrypted and signed; raises `NoKeyError`."""
    for root in _roots():
        return _fernet(root, row).encrypt(zlib.compress(text.encode())).decode()
    raise NoKeyError("there is no key to seal it by; set [api_auth] jwt_secret, or [core] fernet_key")


def opened(row: str, text: str) -> str | None:
    """What was sealed for the row of this name; None for anything else."""
    for root in _roots():
        try:
            packed = _fernet(root, row).decrypt(text.encode(errors="replace"))
            return zlib.decompressobj().decompress(packed, LARGEST).decode()
        except (InvalidToken, zlib.error, UnicodeDecodeError):
            continue
    return None


def _roots() -> Iterator[str]:
    by_private_key = any(_option("api_auth", name) for name in ("jwt_private_key_path", "trusted_jwks_url"))
    secret = "" if by_private_key else _option("api_auth", "jwt_secret")
    if secret:
        yield secret
    else:
        yield from filter(None, map(str.strip, _option("core", "fernet_key").split(",")))


def _option(section: str, name: str) -> str:
    return conf.get(section, name, fallback="") or ""


def _fernet(root: str, row: str) -> Fernet:
    info = f"aws_executors fleet {row}".encode()
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(root.encode())
    return Fernet(base64.urlsafe_b64encode(key))
