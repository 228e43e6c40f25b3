"""Evidence that leaves the house: one zip or folder that a stranger can check with sha256sum, openssl and ssh-keygen.

    items/EV-001/<sha256>           the bytes of an item
    items/EV-002/manifest.json      of a folder: its sealed manifest, and its files by name or, where a name does not travel, by hash
    items/EV-002/tree/...           items/EV-002/by-hash/<sha256>
    ledger/<chain>.jsonl            the record, one canonical entry a line (custody/chain.py)
    checkpoints/<size>.note         signed checkpoints of it (C2SP tlog-checkpoint), proofs/<seq>.tlog-proof, timestamps/*.tsr
    keys/<fingerprint>.pem          the public keys that signed, allowed_signers the same for ssh-keygen
    forms/custody-en.html, -ja.html the chain-of-custody form
    case.jsonld                     items and custody in CASE 1.4, as an extra
    manifest.json                   what is in the bundle, what is not and why (canonical JSON)
    VERIFY.md, verify.py            how to check it by hand, and a program for it that needs Python alone
    MANIFEST.sha256                 SHA-256 of every file above, as `sha256sum -c` reads it
    MANIFEST.sig                    its signature; MANIFEST.sha256.sig the same for ssh-keygen; MANIFEST.tsr its time stamp

`contents` says what goes in, `parts` writes it, `opening` reads it again without believing it, `checking` verifies it.
"""
