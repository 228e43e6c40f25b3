"""A playbook file with its signature, and the two halves of the key."""

from __future__ import annotations

import shutil
from pathlib import Path

from hikeshi.custody.signing import FileSigner, make_key_file
from hikeshi.playbooks.shelf import FOLDER
from hikeshi.playbooks.signatures import sign


def signed_playbook(folder: Path) -> Path:
    """`playbooks/ransomware.yaml` in the folder, `.sig` beside it; `key.pem` and `key.pub` are the key's."""
    (folder / "playbooks").mkdir()
    file = folder / "playbooks" / "ransomware.yaml"
    shutil.copy(FOLDER / file.name, file)
    make_key_file(folder / "key.pem")
    signer = FileSigner(folder / "key.pem")
    (folder / "key.pub").write_text(signer.public)
    sign(file, signer)
    return file
