import pytest
from libcommon.settings import HubSettings, MongoSettings


def test_a_missing_setting_stops_the_start_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MONGO_URL", raising=False)
    with pytest.raises(SystemExit) as stopped:
        MongoSettings.from_environment()
    assert stopped.value.code == 2
    assert "MONGO_URL" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        "postgres://user:hunter2@host",
        "mongodb://user:hunter2@host:port",
        "mongodb://user:hunter2:more@host",
        "mongodb://user:hunter2@host:99999",
        "mongodb+srv://user:hunter2@[host",
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected_and_without_its_value(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONGO_URL", url)
    with pytest.raises(SystemExit):
        MongoSettings.from_environment()
    message = capsys.readouterr().err
    assert message.startswith("MONGO_URL: expected a connection string like mongodb://")
    assert "hunter2" not in message


def test_a_trailing_slash_of_the_hubs_address_is_stripped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:8001/")
    assert HubSettings.from_environment().hf_endpoint == "http://127.0.0.1:8001"
