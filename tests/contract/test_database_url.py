"""A database's URL that is none is refused in words, and without what may be its password."""

import pytest

from hanza.model.errors import Invalid
from hanza.store.database import check_url


@pytest.mark.parametrize("url", ["sqlite:////srv/a.db", "postgresql+psycopg://u:p@h/n"])
def test_ours_are_taken_as_they_are(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url", ["hunter2", "", "mysql://u:hunter2@h/n", "nosuch://u:hunter2@h", "sqlite://h:hunter2/x"]
)
def test_others_are_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_url(url)
    assert "hunter2" not in str(refusal.value)
