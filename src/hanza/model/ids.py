"""Typed ids.  Ours are chosen by the plane; `NativeId` is the site's own and opaque to us."""

from typing import NewType

FederationId = NewType("FederationId", str)
ProviderId = NewType("ProviderId", str)
SiteId = NewType("SiteId", str)
HostId = NewType("HostId", str)
AgentId = NewType("AgentId", str)
InstanceId = NewType("InstanceId", str)
VolumeId = NewType("VolumeId", str)
TokenId = NewType("TokenId", str)
ImageId = NewType("ImageId", str)

NativeId = NewType("NativeId", str)
"""A libvirt UUID, a Nova id, an OpenNebula number.  Made and read by one driver only."""
