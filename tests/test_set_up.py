"""What stands at the root of the repository is true."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from core.config import Settings

ROOT = Path(__file__).parent.parent
ADDRESS = re.compile(r"https?:|git\+|file:|resolved|funding", re.IGNORECASE)


def test_the_example_of_settings_names_each_setting_with_its_default() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = dict(line.removeprefix("# ").split("=", 1) for line in lines if re.match(r"(# )?[A-Z_]+=\S+$", line))
    given = {line.split("=", 1)[0] for line in lines if re.match(r"[A-Z_]", line)}
    fields = {str(field.validation_alias or f"SIJIL_{name.upper()}"): field for name, field in Settings.model_fields.items()}
    assert named.keys() == fields.keys()
    assert given == {name for name, field in fields.items() if field.default is not None}
    assert {name: named[name] for name in given} == {name: str(fields[name].default) for name in given}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-node.lock", "package-lock.json"])
def test_a_lock_file_names_no_address(name: str) -> None:
    assert not ADDRESS.search((ROOT / name).read_text())


def test_every_locked_package_has_a_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("integrity" in package for path, package in packages.items() if path)
    for name in ("requirements.lock", "requirements-node.lock"):
        pins = re.split(r"^(?=\S+==)", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
        assert pins
        assert all("--hash=sha256:" in pin for pin in pins)


def test_the_help_of_make_tells_every_target() -> None:
    told = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"make ([a-z-]+)", told) == phony.split()
