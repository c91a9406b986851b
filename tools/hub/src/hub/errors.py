"""The Hub's error answers: the header `X-Error-Code` decides which exception its clients raise."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

from hub.rules import Caller


class HubError(Exception):
    """An answer that isn't a success: `message` is for the client, `code` is the Hub's name of the case."""

    def __init__(
        self, status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = dict(headers or {})

    def response(self) -> Response:
        headers = {"X-Error-Message": _header_safe(self.message), **self.headers}
        if self.code is not None:
            headers["X-Error-Code"] = self.code
        return JSONResponse({"error": self.message}, self.status, headers)


def _header_safe(message: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in message)


def bad_request(message: str) -> HubError:
    return HubError(400, message)


def invalid_credentials() -> HubError:
    return HubError(401, "Invalid credentials in Authorization header")


def repo_not_found(caller: Caller | None) -> HubError:
    """For a repository that isn't there, and for one that the caller may not know of."""
    if caller is None:
        return HubError(401, "Invalid username or password.", "RepoNotFound")
    return HubError(404, "Repository not found", "RepoNotFound")


def moved(repo: str, location: str) -> HubError:
    """For the old name of the dataset that is `repo` now."""
    return HubError(307, f"The dataset is {repo} now.", headers={"Location": location})


def gated_repo(caller: Caller | None, repo: str) -> HubError:
    if caller is None:
        return HubError(
            401,
            f"Access to dataset {repo} is restricted. You must have access to it and be authenticated to access it.",
            "GatedRepo",
        )
    return HubError(403, f"Access to dataset {repo} is restricted and you are not in the authorized list.", "GatedRepo")


def disabled_repo() -> HubError:
    # The clients know this case by its message alone.
    return HubError(403, "Access to this resource is disabled.")


def revision_not_found(revision: str, head: str) -> HubError:
    return HubError(404, f"Invalid rev id: {revision}. The only revision is main, now {head}.", "RevisionNotFound")


def entry_not_found(path: str, head: str) -> HubError:
    return HubError(404, f'"{path}" does not exist on "main"', "EntryNotFound", {"X-Repo-Commit": head})
