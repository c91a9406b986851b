"""What `make start` says when everything is up: the addresses, and three commands to try."""

from stack.settings import Settings


def announcement(settings: Settings) -> str:
    """The text; the commands are about the samples, so they come only with the local Hub that serves those."""
    api, hub = f"http://localhost:{settings.port}", f"http://localhost:{settings.hub_port}"
    lines = ["", f"  api  {api}", f"  Hub  {settings.hub_endpoint or hub}", f"  data {settings.data_directory}"]
    if settings.admin_port is not None:
        lines.insert(
            2, f"  admin http://localhost:{settings.admin_port}/admin (its token is in secrets.json of the data)"
        )
    if settings.hub_endpoint is None:
        lines += ["", "  Push with:", f"    HF_ENDPOINT={hub} HF_TOKEN=hf_me HF_HUB_DISABLE_XET=1"]
    if settings.hub_endpoint is None and settings.datasets_directory is None:
        lines += [
            "",
            "  Try (the first request for a dataset queues it; ask again a moment later):",
            f"    curl '{api}/splits?dataset=samples/bakery-sales'",
            f"    curl '{api}/first-rows?dataset=samples/bakery-sales&config=default&split=train'",
            f"    curl -H 'Authorization: Bearer hf_me' '{api}/splits?dataset=acme/private-notes'",
        ]
    else:
        dataset = "NAMESPACE/NAME"
        lines += [
            "",
            "  Try, with a dataset of that Hub (the first request for it queues it; ask again a moment later):",
            f"    curl '{api}/splits?dataset={dataset}'",
            f"    curl '{api}/first-rows?dataset={dataset}&config=default&split=train'",
            f"    curl '{api}/is-valid?dataset={dataset}'",
        ]
    return "\n".join([*lines, "", "  Stop with Ctrl-C.", ""])
