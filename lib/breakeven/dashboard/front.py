"""The nginx configuration that makes several workers one: written for the ports that they have."""

from __future__ import annotations

from pathlib import Path

_TEMPLATE = Path(__file__).with_name("nginx.conf")


def nginx_conf(*, address: str, ports: range, listen: int, upload_mb: int, command: str) -> str:
    """Write the configuration.

    Parameters
    ----------
    address
        Where nginx finds the workers.
    ports
        Their ports, in the order of their numbers.
    listen
        Port that visitors use.
    upload_mb
        Largest upload. [MB]
    command
        What wrote the file, for whoever has to write it again.

    Returns
    -------
    str
        A file for nginx's ``http`` section.
    """
    host = f"[{address}]" if ":" in address else address
    servers = [f"{host}:{port}" for port in ports]
    upstreams = [_upstream("any", [f"server {one} fail_timeout=3s;" for one in servers])]
    for number, own in enumerate(servers, start=1):
        others = [f"server {one} backup;" for one in servers if one != own]
        upstreams.append(_upstream(str(number), [f"server {own} fail_timeout=1s;", *others]))
    parts = {
        "count": f"{len(servers)} workers",
        "command": command,
        "map": "\n    ".join(f"{number} breakeven_{number};" for number, _ in enumerate(servers, start=1)),
        "upstreams": "\n".join(upstreams),
        "listen": str(listen),
        # What a browser writes around the file comes on top.
        "upload_mb": str(upload_mb + 1),
        "tries": str(len(servers)),
    }
    text = _TEMPLATE.read_text(encoding="utf-8")
    for name, value in parts.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _upstream(name: str, servers: list[str]) -> str:
    return "\n".join([f"upstream breakeven_{name} {{", *(f"    {one}" for one in servers), "}"])
