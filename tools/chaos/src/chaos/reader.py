"""`python -m chaos.reader DIRECTORY DATASET_CAP NAMESPACE_CAP FD`: a worker's zygote whose children say what they do.

A child that runs a job takes a place of the job's key, of its dataset and of its namespace, and has them until it is
gone. When there is none left, something runs that must not.
"""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reader import children, wire
from reader.__main__ import main
from reader.isolation import places
from reader.isolation.landlock import WRITE, Access

from chaos.freezing import Moment
from chaos.journal import BEGIN, END, OVER_DATASET_CAP, OVER_NAMESPACE_CAP, TWICE
from chaos.scene import Scene


def _watch(scene: Scene, dataset_cap: int, namespace_cap: int) -> None:
    serve, receive, send = children.serve, wire.receive, wire.send

    def begin(key: tuple[str, ...]) -> None:
        type_, dataset, *_ = key
        namespace = dataset.partition("/")[0]
        scene.journal.note(BEGIN, key)
        for what, name, number in (
            (TWICE, " ".join(key), 1),
            (OVER_DATASET_CAP, f"dataset {dataset}", dataset_cap),
            (OVER_NAMESPACE_CAP, f"namespace {namespace}", namespace_cap),
        ):
            if not scene.places.take(name, number):
                scene.journal.note(what, key)
        scene.freezing.obey(Moment.READING, type_, dataset)

    def watched(role: dict[str, Any], connections: list[socket.socket]) -> None:
        if "job" not in role:
            serve(role, connections)
            return

        key: tuple[str, ...] = ()

        def receive_request(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
            nonlocal key
            wire.receive = receive
            request, data = receive(connection)
            key = (role["job"], *(request[name] for name in ("dataset", "config", "split") if name in request))
            begin(key)
            return request, data

        def send_result(connection: socket.socket, message: dict[str, Any], data: bytes = b"") -> None:
            # Before: with the result in its hands, the worker kills the child.
            if connection is connections[0]:
                scene.journal.note(END, key, failed="error" in message)
            send(connection, message, data)

        wire.receive, wire.send = receive_request, send_result
        serve(role, connections)

    children.serve = watched
    _let_write(scene.directory)


def _let_write(directory: Path) -> None:
    """What the children say of themselves is the one thing that they write elsewhere than a worker's children."""
    of_job = places.of_job

    def with_witness(staging: Path | None) -> Iterator[tuple[Path | str, Access]]:
        yield from of_job(staging)
        yield directory, WRITE

    places.of_job = with_witness


if __name__ == "__main__":
    directory, dataset_cap, namespace_cap, fd = sys.argv[1:]
    _watch(Scene(Path(directory)), int(dataset_cap), int(namespace_cap))
    main(int(fd))
