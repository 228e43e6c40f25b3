"""`playbook folder | sign | verify`: playbooks in a folder or a git checkout. No database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.aws.reach import Reach
from hikeshi.custody.signers import SIGNERS, open_signer
from hikeshi.custody.signing import fingerprint
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE, UNREADABLE
from hikeshi.environment import read_environment
from hikeshi.errors import Refused
from hikeshi.playbooks.folder import Folder, load_folder
from hikeshi.playbooks.signatures import check, content_of, read_keys, sign

Keys = Annotated[
    list[Path] | None,
    typer.Option("--key", help="A PEM file with public keys; without any, those of HIKESHI_PLAYBOOK_KEYS."),
]


def show_folder(
    path: Annotated[Path | None, typer.Argument(help="A folder; without it, that of HIKESHI_PLAYBOOKS.")] = None, key: Keys = None
) -> Answer:  # fmt: skip
    """What a folder of playbooks gives, and what is wrong with the rest. Exit code 5 where a file does not count."""
    environment = read_environment()
    place = path or environment.playbooks
    found = load_folder(place.absolute(), _keys(key)) if place else Folder({}, [])
    rows: list[dict[str, Any]] = [
        {
            "name": name, "version": one.playbook.version, "signed": one.signed.state, "signed_by": one.signed.by,
            "digest": one.playbook.digest, "place": str(one.path), "commit": found.commit, "what": "",
        }
        for name, one in found.books.items()
    ]  # fmt: skip
    rows += [{"name": "-", "place": one.source, "what": str(one)} for one in found.problems]
    return Answer(
        rows, columns=("name", "version", "signed", "place", "what"), code=UNREADABLE if found.problems else DONE
    )


def sign_files(
    files: Annotated[list[Path], typer.Argument(help="Playbook files.")],
    key: Annotated[str, typer.Option(help="The private key: a PEM file, or file:, kms:, pkcs11: as for checkpoints.")],
    secret_file: Annotated[Path | None, typer.Option(help="File with the key's passphrase or PIN.")] = None,
) -> Answer:
    """Sign playbook files: NAME.yaml.sig beside each, which `openssl pkeyutl -verify` checks, too."""
    place = key if key.partition(":")[0] in SIGNERS else f"file:{Path(key).absolute()}"
    environment = read_environment()
    reach = Reach(region=environment.aws_region, endpoint_url=environment.aws_endpoint_url or None)
    signer = open_signer(place, secret_file=secret_file, reach=reach)
    rows = [
        {"place": str(file), "signature": str(sign(file, signer)), "signed_by": fingerprint(signer.public)}
        for file in files
    ]
    return Answer(rows, columns=("place", "signature", "signed_by"))


def verify_files(files: Annotated[list[Path], typer.Argument(help="Playbook files.")], key: Keys = None) -> Answer:
    """Whether each file is signed by one of the keys. Exit code 4 where one is not."""
    keys = _keys(key)
    if not keys:
        raise Refused("No key to verify with is named.", hint="--key FILE, or HIKESHI_PLAYBOOK_KEYS.")
    found = [(file, check(file, content_of(file), keys)) for file in files]
    rows = [{"place": str(file), "signed": one.state, "signed_by": one.by} for file, one in found]
    return Answer(
        rows,
        columns=("place", "signed", "signed_by"),
        code=DONE if all(one.state == "signed" for _, one in found) else DIFFERENCE,
    )


def _keys(given: list[Path] | None) -> tuple[str, ...]:
    return read_keys(given or read_environment().playbook_keys)
