"""How a bucket is reached."""

import datetime
import ipaddress
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from libcache import bucket
from libcache.records import Records
from libcache.settings import StorageSettings
from libcache.storage import open_assets
from pymongo.database import Database
from stack.s3 import running_s3

CHECK = """
from libcache.settings import StorageSettings
from libcache.storage import open_assets
try:
    open_assets(StorageSettings.from_environment()).check()
except OSError as error:
    raise SystemExit(str(error))
"""


def certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "storage of tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = directory / "certificate.pem", directory / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def check(settings: dict[str, str]) -> str:
    """Why the bucket of these settings can't be used; nothing if it can."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSL_")} | settings
    ran = subprocess.run([sys.executable, "-c", CHECK], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == bool(ran.stderr), ran.stderr
    return ran.stderr


def test_a_certificate_is_checked_by_the_authorities_that_are_given(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    with running_s3(certificate=files) as s3:
        settings = s3.settings("x")
        assert settings["AWS_ENDPOINT_URL_S3"].startswith("https://")
        assert "SSL" in check(settings)
        assert check({**settings, "SSL_CERT_FILE": str(files[0])}) == ""


def test_storage_that_takes_a_file_and_never_answers_is_waited_for_for_a_while(
    cache_database: Database[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Records(cache_database).raise_fence("acme/images")
    (tmp_path / "0123456789abcdef.png").write_bytes(b"png")
    with running_s3() as s3:
        settings = {name.lower(): value for name, value in s3.settings("x").items()}
        assets = open_assets(StorageSettings.model_validate(settings))
        assets.prepare()
        monkeypatch.setattr(bucket, "_CALL_SECONDS", 0.5)
        s3.process.send_signal(signal.SIGSTOP)
        with pytest.raises(OSError):  # noqa: PT011
            assets.publish(tmp_path, record, ["0123456789abcdef.png"], lambda: None)
        with pytest.raises(OSError):  # noqa: PT011
            assets.now()
        s3.process.send_signal(signal.SIGCONT)
