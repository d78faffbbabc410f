"""Every scenario that there is, in the order in which they are told."""

from hanza_conformance.scenarios.accepted import accepted
from hanza_conformance.scenarios.isolation import isolation
from hanza_conformance.scenarios.lifecycle import lifecycles
from hanza_conformance.scenarios.power import power
from hanza_conformance.scenarios.queries import queries
from hanza_conformance.scenarios.refused import refused
from hanza_conformance.scenarios.rights import rights
from hanza_conformance.scenarios.usage import usage
from hanza_conformance.steps import Scenario


def scenarios() -> tuple[Scenario, ...]:
    return (
        *queries(),
        *lifecycles(),
        power(),
        *refused(),
        *accepted(),
        *rights(),
        *usage(),
        isolation(),
    )
