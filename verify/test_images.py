"""The images: built for real, and run as restricted as they are deployed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from stack.mongo import free_port
from stack.spawn import wait_until

from verify import images
from verify.containers import Container, run_to_the_end, running
from verify.images import ROOT, Image
from verify.programs import run

# The first of them builds.
pytestmark = pytest.mark.timeout(1800)

USER = "10001:10001"
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Target:
    """A target of the Dockerfile, and how to run it."""

    name: str
    host: str
    """The variable that says on which address to listen."""
    megabytes: int
    """How much it may add to the base."""
    wrong: tuple[str, str]
    """A variable and a wrong value of it."""
    arguments: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    """What is a volume where it is deployed."""
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def image(self) -> Image:
        return images.build(self.name)

    @property
    def options(self) -> list[str]:
        """Its volumes, which begin with what the image has there."""
        return [f"--mount=type=volume,destination={directory}" for directory in self.directories]


TARGETS = [
    Target("api", "API", 120, ("MONGO_URL", "nowhere"), directories=("/assets",)),
    Target("admin", "ADMIN", 120, ("MONGO_URL", "nowhere"), directories=("/assets",)),
    Target("worker", "WORKER", 450, ("MONGO_URL", "nowhere"), ("splits",), directories=("/assets",)),
    Target("hub", "HUB", 60, ("HUB_PORT", "none"), directories=("/datasets",)),
]
# Written in the container, so it looks at all that is there. Root may see all.
LIST_WHAT_DOES_NOT_BELONG = """
import json, os, re

PROGRAM = re.compile(r"(pip|poetry|wheel|gcc|cc|c\\+\\+|g\\+\\+|make|git|curl|wget|uv)([-.0-9].*)?")
FOLDER = re.compile(r"tests|pip|poetry|setuptools|ensurepip|_distutils_hack|python-wheels|wheels|\\.git|\\.venv-.*")
found = []
for root, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(root, name) not in ("/proc", "/sys", "/dev")]
    found += [os.path.join(root, name) for name in folders if FOLDER.fullmatch(name)]
    if root.endswith("bin"):
        found += [os.path.join(root, name) for name in files if PROGRAM.fullmatch(name)]
    found += [os.path.join(root, name) for name in files if name in ("poetry.lock", "pip.conf", ".env")]
print(json.dumps(found))
"""


@pytest.fixture(params=TARGETS, ids=lambda target: target.name)
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.param
    return found


def test_the_dockerfile_has_the_linter_s_blessing() -> None:
    linted = run(["hadolint", "--failure-threshold=style", str(ROOT / "Dockerfile")])
    assert (linted.returncode, linted.stdout) == (0, "")


def test_these_are_all_targets_that_are_run() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    stages = [line.split()[-1] for line in lines if line.startswith("FROM runtime AS ")]
    assert stages == [target.name for target in TARGETS]


def test_an_image_says_what_it_is(target: Target) -> None:
    labels = {name.rsplit(".", 1)[-1]: value for name, value in target.image.config["Labels"].items()}
    assert labels["title"] == f"datasets-server-{target.name}"
    assert labels["description"]
    assert labels["licenses"] == "Apache-2.0"
    assert (labels["source"], labels["version"], labels["revision"]) == (
        images.SOURCE,
        images.VERSION,
        images.REVISION,
    )


def test_an_image_runs_one_program_as_a_user_without_a_name(target: Target) -> None:
    config = target.image.config
    assert config["User"] == USER
    # No shell between the engine and the program: it gets the signals itself.
    assert config["Entrypoint"] == ["python", "-m", target.name]
    assert f"{target.host}_HOST=0.0.0.0" in config["Env"]


def test_an_image_is_small(target: Target) -> None:
    assert target.image.size - images.base().size < target.megabytes * MEGABYTE


def test_nothing_in_an_image_installs_builds_or_tests(target: Target) -> None:
    as_root = ["--entrypoint=python3", "--user=0", "--cap-add=dac_override"]
    listed = run_to_the_end(target.image, ["-c", LIST_WHAT_DOES_NOT_BELONG], {}, *as_root)
    assert json.loads(listed.stdout) == []


def test_a_wrong_setting_ends_the_start_with_its_name(target: Target) -> None:
    name, value = target.wrong
    ended = run_to_the_end(target.image, target.arguments, {"ASSETS_STORAGE": "/assets", name: value})
    assert ended.returncode == 2
    assert name.lower().replace("hub_", "--") in ended.stderr.lower()
    assert "expected" in ended.stderr or "must be" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def container(target: Target, mongo_url: str, database_name: str, tmp_path: Path) -> Iterator[Container]:
    """A running container of the target."""
    variables = {
        "MONGO_URL": mongo_url,
        "MONGO_QUEUE_DATABASE": f"{database_name}_queue",
        "MONGO_CACHE_DATABASE": f"{database_name}_cache",
        f"{target.host}_HOST": "127.0.0.1",
        f"{target.host}_PORT": str(free_port()),
    }
    with running(target.image, target.arguments, variables, tmp_path, *target.options) as container:
        yield container


def test_a_container_is_healthy_restricted_and_ends_when_asked(target: Target, container: Container) -> None:
    def healthy() -> bool:
        assert container.process.poll() is None, container.output
        return container.execute(target.image.health_check).returncode == 0

    assert wait_until(healthy, 60), container.output
    first = status(container)
    assert first["Name"] == "python"
    assert set(first["Uid"].split()) == {"10001"}
    assert int(first["CapEff"], 16) == 0
    assert first["NoNewPrivs"] == "1"
    written = container.execute(["python", "-c", "open('/opt/datasets-server/x', 'w')"])
    assert "Read-only file system" in written.stderr
    container.signal("TERM")
    assert container.process.wait(30) == 0, container.output


def test_a_container_that_is_not_healthy_is_found_out(target: Target) -> None:
    program, *arguments = target.image.health_check
    port = {f"{target.host}_PORT": str(free_port())}
    checked = run_to_the_end(target.image, arguments, port, f"--entrypoint={program}")
    assert checked.returncode == 1
    assert "no answer" in checked.stderr


def status(container: Container) -> dict[str, Any]:
    """What the kernel says of the first process."""
    lines = container.execute(["cat", "/proc/1/status"]).stdout.splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}
