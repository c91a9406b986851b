"""`healthcheck.py VARIABLE PATH`: exit code 0 if PATH is answered with 200 at the port of this machine in VARIABLE.

Its own container runs it, so it needs nothing but the standard library, and little of that: it starts often.
"""

import http.client
import os
import sys

SECONDS = 3.0


def main(variable: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ[variable]), timeout=SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer: {error}", file=sys.stderr)
        return 1
    print(answer.read(2000).decode(errors="replace"))
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
