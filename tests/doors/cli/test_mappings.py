"""`alert mappings`: a stranger writes a mapping and sees what would be understood."""

from __future__ import annotations

from pathlib import Path

from doors.cli.typed import Keyboard

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "tests/samples/signals/wazuh/ssh.json"
EXAMPLE = (ROOT / "docs/mappings.md").read_text().partition("```yaml\n")[2].partition("```")[0]


def test_shapes_and_mappings_are_listed_with_where_they_are_from(keyboard: Keyboard, tmp_path: Path) -> None:
    kinds = {row["reader"]: row["kind"] for row in keyboard.json("alert", "mappings")}
    assert (kinds["guardduty"], kinds["wazuh"]) == ("shape", "shipped")


def test_a_mapping_is_checked_with_the_line_of_what_is_wrong(keyboard: Keyboard, tmp_path: Path) -> None:
    file = tmp_path / "door.yaml"
    file.write_text(EXAMPLE)
    assert keyboard.json("alert", "mappings", "--check", file)["reader"] == "door"
    file.write_text(EXAMPLE.replace("key: [id]", "key: [id..x]"))
    typed = keyboard("alert", "mappings", "--check", file)
    assert typed.code == 5
    assert "line " in typed.err


def test_what_would_be_understood_is_shown_and_what_would_not_is_named(keyboard: Keyboard, tmp_path: Path) -> None:
    file, sent = tmp_path / "door.yaml", tmp_path / "sent.json"
    file.write_text(EXAMPLE)
    sent.write_text(
        '{"door_version": 1, "type": "alarm", "items": [{"id": 1, "kind": "forced", "level": "red"}, {"kind": "x"}]}'
    )
    [row] = keyboard.json("alert", "mappings", "--try", file, "--payload", sent, code=5)
    assert (row["key"], row["score"], row["title"]) == ("door:1", 9.0, "forced")
    assert keyboard.json("alert", "mappings", "--payload", SAMPLE)[0]["kind"] == "Wazuh:5712"
    assert keyboard("alert", "mappings", "--try", file).code == 2
