"""For which Python, ABI and platform extensions have to be made to be loaded here."""

import sysconfig


def platform_tag() -> str:
    """Such as `cpython-311-x86_64-linux-gnu`."""
    return str(sysconfig.get_config_var("SOABI"))
