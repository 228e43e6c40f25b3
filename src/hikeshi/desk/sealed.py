"""A text that the database only ever holds encrypted: shared secrets of sources, addresses of channels that carry a token."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

from hikeshi.errors import Failed


def _box() -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"hikeshi sealed text").derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(key))


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class SealedText(_TextField):
    """Encrypted with a key derived from the home's `secret-key` (HKDF-SHA256, Fernet). It cannot be searched.

    Raises `Failed` when read with another home's key.
    """

    def get_prep_value(self, value: Any) -> Any:
        return _box().encrypt(str(value).encode()).decode() if value else value

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        del expression, connection
        if not value:
            return value
        try:
            return _box().decrypt(value.encode()).decode()
        except InvalidToken as problem:
            hint = "It was sealed with another secret-key file; bring that file back, or enter the secret anew."
            raise Failed("A sealed text cannot be opened.", permanent=True, hint=hint) from problem
