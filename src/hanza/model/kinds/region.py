"""Regions: where the standard begins for every client."""

from hanza.model.fields import Many, Member, Record, Text
from hanza.model.kinds.kind import NOTHING, ZONE, Kind

REGION = Kind(
    name="region",
    provider="seca.region",
    collection="regions",
    scope="global",
    spec=Record(
        (
            Member("availableZones", Many(ZONE, 32, 1), is_required=True),
            Member(
                "providers",
                Many(
                    Record(
                        (
                            Member("name", Text(1, 64), is_required=True),
                            Member("url", Text(1, 4000), is_required=True),
                            Member("version", Text(1, 16), is_required=True),
                        )
                    ),
                    64,
                    1,
                ),
                is_required=True,
            ),
        )
    ),
    status=NOTHING,
    is_writable=False,
)
