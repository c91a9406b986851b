"""`python -m admin serve` answers over HTTP; `python -m admin VERB …` does one thing: see `admin.command`."""

import sys


def main(arguments: list[str]) -> int:
    if arguments == ["serve"]:
        # Only what is needed: a command should be there at once.
        from admin.serving import serve

        return serve()
    from admin import command

    return command.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
