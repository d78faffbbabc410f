"""Whom a command is about: what is said, the environment, and whom a context is for."""

import json
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from hanza.boot.main import LOADED_WHEN_CALLED, _called
from hanza.cli.app import app as hanza
from hanza.cli.options import TENANT, AnyTenantOption, ProviderOption, TenantOption

ENVIRON = {"HANZA_TENANT": "", "HANZA_PROVIDER": "", "HANZA_CONTEXT": ""}
probe = typer.Typer()


@probe.callback()
def root(_: typer.Context, context: Annotated[Path | None, typer.Option()] = None) -> None:
    assert context is not None


@probe.command("whose")
def whose(tenant: TenantOption = TENANT, provider: ProviderOption = None) -> None:
    print(tenant, provider)


@probe.command("any")
def of_any(tenant: AnyTenantOption = None) -> None:
    print(tenant)


def said(file: Path, *words: str, **environ: str) -> str:
    done = CliRunner().invoke(probe, ["--context", str(file), *words], env=ENVIRON | environ)
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


@pytest.fixture
def handed(tmp_path: Path) -> Path:
    file = tmp_path / "ana.json"
    file.write_text(json.dumps({"url": "u", "tenant": "acme", "provider": "alpe"}))
    return file


def test_a_command_is_about_whom_the_context_was_handed_over_for(handed: Path) -> None:
    assert (said(handed, "whose"), said(handed, "any")) == ("acme alpe", "acme")


def test_what_is_said_counts_more_than_the_environment_and_that_more_than_the_context(
    handed: Path,
) -> None:
    assert said(handed, "whose", HANZA_TENANT="zeta", HANZA_PROVIDER="tatra") == "zeta tatra"
    assert said(handed, "whose", "--tenant", "iota", HANZA_TENANT="zeta") == "iota alpe"


@pytest.mark.parametrize("content", [None, "{}", '{"tenant": 7, "provider": null}'])
def test_a_context_that_names_nobody_changes_nothing(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "context.json"
    if content is not None:
        file.write_text(content)
    assert (said(file, "whose"), said(file, "any")) == (f"{TENANT} None", "None")


def test_the_command_says_its_release() -> None:
    done = CliRunner().invoke(hanza, ["--version"])
    assert (done.exit_code, done.stdout.split()[0]) == (0, "hanza")


def test_only_what_is_asked_for_is_loaded() -> None:
    everything = list(LOADED_WHEN_CALLED)
    assert _called(["--help"], {}) == _called(["--context", "x", "--help"], {}) == everything
    assert _called(["status"], {"_HANZA_COMPLETE": "complete_bash"}) == everything
    assert _called(["agent", "run", "--help"], {}) == ["agent"]
    assert _called(["status", "--help"], {}) == _called([], {}) == []
