import pytest
from api.settings import ApiSettings

WHOLE = {"MONGO_URL": "mongodb://127.0.0.1:27017", "ASSETS_STORAGE": "assets"}


@pytest.fixture(autouse=True)
def _only_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ApiSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)


def test_the_defaults_need_a_mongo_and_an_assets_directory_only(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ApiSettings.from_environment()
    assert (settings.api_host, settings.api_port, settings.log_level) == ("127.0.0.1", 8000, "INFO")
    assert settings.hf_auth_path == "/api/datasets/%s/auth-check"
    assert settings.hf_webhook_secret is None
    assert settings.auth_memory_seconds <= 10


def test_an_empty_auth_path_is_empty_and_other_empty_variables_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_AUTH_PATH", "API_PORT", "HF_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "")
    settings = ApiSettings.from_environment()
    assert (settings.hf_auth_path, settings.api_port, settings.hf_webhook_secret) == ("", 8000, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONGO_URL", ""),
        ("ASSETS_STORAGE", ""),
        ("API_PORT", "x"),
        ("API_PORT", "70000"),
        ("API_DRAIN_SECONDS", "0"),
        ("MONGO_URL", "localhost:27017"),
        ("HF_ENDPOINT", "huggingface.co"),
        ("HF_ENDPOINT", "http:///hub"),
        ("HF_ENDPOINT", "http://:8001/hub"),
        ("HF_ENDPOINT", "http://hub.example:port"),
        ("HF_ENDPOINT", "ftp://hub.example"),
        ("MONGO_QUEUE_DATABASE", "queue.of.mine"),
        ("MONGO_CACHE_DATABASE", "a cache"),
        ("MONGO_CACHE_DATABASE", "c" * 64),
        ("HF_AUTH_PATH", "/api/datasets/auth-check"),
        ("HF_AUTH_PATH", "api/%s"),
        ("HF_AUTH_PATH", "/api/%s/%s"),
        ("HF_AUTH_PATH", "/api/%d/%s"),
        ("HF_AUTH_TIMEOUT_SECONDS", "0"),
        ("HF_AUTH_TIMEOUT_SECONDS", "10"),
        ("AUTH_MEMORY_SECONDS", "11"),
        ("HF_WEBHOOK_SECRET", "gehé-im"),
        ("HF_JWT_PUBLIC_KEY_URL", "hub.example/keys"),
        ("HF_JWT_ADDITIONAL_PUBLIC_KEYS", "no PEM block"),
        ("ASSETS_SIGNING_KEYS", "too short"),
        ("ASSETS_SIGNING_KEYS", f"{'x' * 32},too short"),
        ("ASSETS_SIGNATURE_SECONDS", "3601"),
        ("ASSETS_INTERNAL_LOCATION", "media"),
        ("ASSETS_INTERNAL_LOCATION", "/internal/assets/"),
        ("ASSETS_INTERNAL_LOCATION", "/internal/$uri"),
        ("API_PROCESSES", "0"),
        ("API_REQUEST_SECONDS", "0"),
        ("API_CLIENT_SECONDS", "0"),
        ("ANSWERS_MEMORY_SECONDS", "1.1"),
        ("ANSWERS_MEMORY_BYTES", "-1"),
        ("TRUSTED_PROXIES", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("LEASE_SECONDS", "0"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_its_name_and_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        ApiSettings.from_environment()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith(f"{name}: ")
    assert len(said.splitlines()) == 1
    assert len(value) < 4 or value not in said


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_WEBHOOK_SECRET", "ASSETS_SIGNING_KEYS"):
        monkeypatch.setenv(name, "not to be seen by anybody at all")
    settings = ApiSettings.from_environment()
    assert "not to be seen" not in repr(settings) + str(settings)
