"""What is most likely a slip is told, with what may have been meant, and never more than that."""

from hanza.model.policy import Policy
from hanza.plan.doubts import doubts_of_providers, doubts_of_workspace

KNOWN = {"jadranka", "kontora"}


def test_a_provider_that_is_not_there_is_told_with_what_it_does_and_who_may_be_meant() -> None:
    denied = Policy(providers_denied=frozenset({"jadrnka", "kontora"}))
    allowed = Policy(providers=frozenset({"elsewhere", "kontora"}))
    assert doubts_of_providers([denied, denied, allowed], KNOWN) == (
        "there is no provider elsewhere, so allowing it gives no place until it joins",
        "there is no provider jadrnka, so denying it keeps nobody out until it joins;"
        " perhaps jadranka",
    )
    assert doubts_of_providers([Policy()], KNOWN) == ()


def test_a_workspace_is_doubted_only_beside_others() -> None:
    assert doubts_of_workspace("dmo", set()) == ()
    assert doubts_of_workspace("demo", {"demo"}) == ()
    assert doubts_of_workspace("dmo", {"demo", "web"}) == (
        "workspace dmo has nothing in it yet; perhaps demo",
    )
    assert doubts_of_workspace("other", {"demo"}) == ("workspace other has nothing in it yet",)
