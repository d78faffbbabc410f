"""What may be in a support bundle, line by line, and the lock that is tried last."""

import json

import pytest

from hanza.boot.bundle.command import refuse_secrets
from hanza.boot.bundle.parts import shown_line
from hanza.model.errors import Bug

TRACEBACK = """\
Traceback (most recent call last):
  File "/usr/lib/hanza/engine/loop.py", line 7, in step
    raise NotFound("there is no instance 'tajni-stroj'")
hanza.model.errors.NotFound: there is no instance 'tajni-stroj'
of tajna: really
"""


def test_of_an_exception_its_kind_and_its_places_are_told_and_not_its_words() -> None:
    line = json.dumps({"event": "engine.step_failed", "traceback": TRACEBACK})
    shown = shown_line(line)
    assert shown is not None
    assert shown["frames"] == ["/usr/lib/hanza/engine/loop.py:7 step"]
    assert shown["raised"] == "hanza.model.errors.NotFound"
    assert "tajn" not in json.dumps(shown)


def test_the_words_of_an_engine_are_left_out_and_a_torn_line_too() -> None:
    line = json.dumps({"event": "order.failed", "code": "driver.rejected", "text": "tajni-stroj"})
    assert shown_line(line) == {"event": "order.failed", "code": "driver.rejected"}
    assert shown_line('{"event": "order.fai') is None
    assert shown_line("[1]") is None


def test_a_bundle_with_a_secret_in_it_is_never_written() -> None:
    secrets = {b"correct-horse", b"1"}
    refuse_secrets({"a": b"1 is too short to be one"}, secrets)
    with pytest.raises(Bug, match="b has a secret"):
        refuse_secrets({"a": b"x", "b": b"the correct-horse one"}, secrets)
