import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from pymongo import MongoClient, WriteConcern
from stack import mongo
from stack.mongo import MongoError, running_mongo
from stack.spawn import wait_until


def install(directory: Path, name: str, script: str) -> None:
    """A program that isn't a server, for `sys.executable` to be beside of."""
    (directory / name).write_text(f"#!/bin/sh\n{script}\n")
    (directory / name).chmod(0o755)


def test_what_was_acknowledged_is_there_after_sigkill(tmp_path: Path) -> None:
    with running_mongo(tmp_path) as server:
        with MongoClient[Mapping[str, object]](server.url) as client:
            durable = client.test.get_collection("things", write_concern=WriteConcern("majority", j=True))
            durable.insert_many([{"_id": number} for number in range(100)])
        server.process.kill()
        server.process.wait()
    with running_mongo(tmp_path) as server, MongoClient[Mapping[str, object]](server.url) as client:
        assert client.test.things.count_documents({}) == 100


def test_it_is_gone_after_the_block_and_the_folder_is_free(tmp_path: Path) -> None:
    with running_mongo(tmp_path) as server:
        assert mongo.ping(server.url)
        assert server.name in mongo.SERVERS
    assert server.process.returncode is not None
    mongo.wait_until_free(tmp_path / "data")


def test_two_servers_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo, "RELEASE_SECONDS", 0.1)
    with running_mongo(tmp_path) as first:
        with pytest.raises(MongoError, match="another Mongo server is using"), running_mongo(tmp_path):
            pass
        assert mongo.ping(first.url)


def test_a_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "secantusd-rs", '[ "$1" = --version ] || { echo "the disk is full"; exit 7; }')
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    why = r"ended with code 7; the end of .*mongo\.log:\nthe disk is full"
    with pytest.raises(MongoError, match=why), running_mongo(tmp_path, server="secantusd-rs"):
        pass


def test_a_server_of_an_unknown_name_is_refused() -> None:
    with pytest.raises(MongoError, match="expected one of secantusd-rs, secantusd-py, mongod"):
        mongo.choose_server("mongo")


def test_where_the_native_server_does_not_run_the_python_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "secantusd-rs", "exit 126")
    install(tmp_path, "secantusd-py", "exit 0")
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert mongo.choose_server("secantusd-rs") == "secantusd-py"
    (tmp_path / "secantusd-py").unlink()
    monkeypatch.setenv("PATH", os.defpath)
    with pytest.raises(MongoError, match="set MONGO_URL to a running MongoDB"):
        mongo.choose_server("secantusd-rs")


def test_a_port_answers_only_while_something_listens(tmp_path: Path) -> None:
    with running_mongo(tmp_path) as server:
        port = int(server.url.rsplit(":", 1)[1])
        assert mongo.listens(port)
    assert wait_until(lambda: not mongo.listens(port), 5)
