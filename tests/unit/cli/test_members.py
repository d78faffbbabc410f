from pathlib import Path

from hanza.cli.members import write_secret


def test_a_secret_is_its_owners_alone_also_in_a_file_that_was_everybodys(tmp_path: Path) -> None:
    for file in (tmp_path / "new", tmp_path / "old"):
        if file.name == "old":
            file.write_text("something longer that was there before")
            file.chmod(0o644)
        write_secret(file, "token\n")
        assert file.read_text() == "token\n"
        assert file.stat().st_mode & 0o777 == 0o600
