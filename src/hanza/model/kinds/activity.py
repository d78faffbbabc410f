"""The activity log: what happened in a workspace, to be listed and nothing else."""

from hanza.model.fields import Free, Member, Record, Text, Whole
from hanza.model.kinds.kind import NOTHING, Kind

ACTIVITY_LOG = Kind(
    name="activity-log",
    provider="seca.activitylog",
    version="v1beta1",
    collection="activity-logs",
    scope="workspace",
    spec=Record(
        (
            Member(
                "request",
                Record(
                    (
                        Member("body", Free()),
                        Member("resource", Text(0, 2000)),
                        Member("verb", Text(0, 7)),
                    )
                ),
            ),
            Member("response", Record((Member("code", Whole(100, 599)),))),
            Member("subject", Text(0, 256)),
        )
    ),
    status=NOTHING,
    is_writable=False,
    is_log=True,
)
