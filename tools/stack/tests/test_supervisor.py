import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

Supervise = Callable[..., Any]
IsRunning = Callable[[int], bool]

# The programs run in the folder of the test. Each says in `pids` that it runs.
RUN = """
import os, signal, subprocess, sys, time
def note(file, text):
    with open(file, "a") as out:
        out.write(text + "\\n")
def on_term(what):
    def handle(number, frame):
        what()
        os._exit(0)
    signal.signal(signal.SIGTERM, handle)
"""
UP = "note('pids', str(os.getpid()))\n"
FOREVER = "while True: time.sleep(60)\n"
STEADY = RUN + UP + FOREVER
STUBBORN = RUN + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + UP + FOREVER


def child(code: str) -> str:
    return f"subprocess.Popen([sys.executable, '-c', {code!r}])\n"


def pids(running: Any) -> list[int]:
    """Of all the programs that said that they run, in that order."""
    return [int(line) for line in running.lines_of("pids")]


def test_a_program_that_ends_with_code_0_is_started_again_and_it_is_said(supervise: Supervise) -> None:
    running = supervise([{"name": "brief", "code": RUN + UP}])
    running.wait_for(lambda: len(pids(running)) >= 3)
    running.wait_for_line("stack | brief ended with code 0")
    running.wait_for_line("it starts again in 0.2 s")


def test_a_program_that_is_killed_is_started_again_and_the_others_stay(supervise: Supervise) -> None:
    running = supervise([{"name": "first", "code": STEADY}, {"name": "second", "code": STEADY}])
    running.wait_for(lambda: len(pids(running)) == 2)
    os.kill(pids(running)[0], signal.SIGKILL)
    running.wait_for(lambda: len(pids(running)) == 3)
    assert "was ended by signal 9" in running.printed
    assert running.printed.count("starts again") == 1


def test_what_a_killed_program_left_in_its_group_is_ended_before_it_starts_again(
    supervise: Supervise, is_running: IsRunning
) -> None:
    running = supervise([{"name": "parent", "code": RUN + child(STEADY) + UP + FOREVER}])
    running.wait_for(lambda: len(pids(running)) == 2)
    old = pids(running)
    parent = next(pid for pid in old if os.getpgid(pid) == pid)
    os.kill(parent, signal.SIGKILL)
    running.wait_for(lambda: len(pids(running)) == 4)
    assert not any(is_running(pid) for pid in old)


def test_the_stages_stop_in_the_reverse_order_each_after_the_end_of_the_later_one(supervise: Supervise) -> None:
    def program(name: str) -> dict[str, object]:
        stopping = f"note('order', '{name} stopping'), time.sleep(0.1), note('order', '{name} stopped')"
        return {"name": name, "code": RUN + f"on_term(lambda: ({stopping}))\n" + UP + FOREVER}

    running = supervise([program("mongo")], [program("hub")], [program("worker")], [program("api")])
    running.wait_for(lambda: len(pids(running)) == 4)
    assert running.stop() == 0
    expected = [f"{name} {what}" for name in ("api", "worker", "hub", "mongo") for what in ("stopping", "stopped")]
    assert running.lines_of("order") == expected


def test_a_stage_starts_when_the_one_before_is_ready(supervise: Supervise) -> None:
    late = RUN + "note('order', 'first'); open('ready', 'w').close()\n" + UP + FOREVER
    running = supervise(
        [{"name": "first", "code": late, "ready": "ready"}],
        [{"name": "second", "code": RUN + "note('order', 'second')\n" + UP + FOREVER}],
    )
    running.wait_for_line("all is up")
    running.wait_for(lambda: running.lines_of("order") == ["first", "second"])


def test_sigterm_leaves_no_process_behind_not_even_one_that_ignores_it(
    supervise: Supervise, is_running: IsRunning
) -> None:
    family = RUN + child(STUBBORN) + UP + FOREVER
    running = supervise(
        [{"name": "stubborn", "code": STUBBORN, "grace": 0.5}], [{"name": "family", "code": family, "grace": 0.5}]
    )
    running.wait_for(lambda: len(pids(running)) == 3)
    assert running.stop() == 0
    assert not any(is_running(pid) for pid in pids(running))
    assert "stack | killing stubborn" in running.printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_stop_it_like_sigterm(
    supervise: Supervise, is_running: IsRunning, number: signal.Signals
) -> None:
    running = supervise([{"name": "steady", "code": STEADY}])
    running.wait_for(lambda: pids(running))
    assert running.stop(number) == 0
    assert not any(is_running(pid) for pid in pids(running))


def test_a_second_sigterm_within_a_second_is_the_same_one(supervise: Supervise) -> None:
    wait = "[time.sleep(0.02) for _ in iter(lambda: os.path.exists('go'), True)]"
    slow = f"on_term(lambda: (note('term', 'asked'), {wait}, note('term', 'clean')))\n"
    running = supervise([{"name": "slow", "code": RUN + slow + UP + FOREVER}])
    running.wait_for(lambda: pids(running))
    running.process.send_signal(signal.SIGTERM)
    running.wait_for(lambda: running.lines_of("term"))  # else the kernel makes one of the two
    running.process.send_signal(signal.SIGTERM)
    (running.directory / "go").touch()
    assert running.process.wait(15) == 0
    assert running.lines_of("term") == ["asked", "clean"]


def test_a_later_sigterm_kills_what_still_runs(supervise: Supervise, is_running: IsRunning) -> None:
    running = supervise([{"name": "stubborn", "code": STUBBORN, "grace": 1000.0}])
    running.wait_for(lambda: pids(running))

    def asked_again_it_ended() -> bool:
        running.process.send_signal(signal.SIGTERM)
        return running.process.poll() is not None

    running.wait_for(asked_again_it_ended)
    assert not any(is_running(pid) for pid in pids(running))


def test_sigterm_to_make_stops_everything_and_make_ends_last(supervise: Supervise, is_running: IsRunning) -> None:
    running = supervise([{"name": "steady", "code": STEADY}], command=["make", "start"])
    running.wait_for(lambda: pids(running))
    running.stop()
    assert not any(is_running(pid) for pid in pids(running))
    assert "stack | stopping steady" in running.printed


def test_a_program_that_ends_before_it_is_ready_ends_the_start_with_one_line(
    supervise: Supervise, is_running: IsRunning
) -> None:
    running = supervise(
        [{"name": "steady", "code": STEADY}],
        [{"name": "broken", "code": "print('the port is taken'); raise SystemExit(3)", "ready": "never"}],
    )
    assert running.process.wait(15) == 1
    assert "broken ended before it was ready" in running.printed.splitlines()[-1]
    assert "the port is taken" in running.printed.splitlines()[-1]
    assert not any(is_running(pid) for pid in pids(running))


def test_a_program_that_refuses_its_settings_while_the_others_start_ends_the_start_with_one_line(
    supervise: Supervise, is_running: IsRunning
) -> None:
    running = supervise(
        [{"name": "picky", "code": "print('SETTING: expected a number'); raise SystemExit(2)"}],
        [{"name": "slow", "code": STEADY, "ready": "never"}],
    )
    assert running.process.wait(15) == 1
    assert "picky refuses its settings" in running.printed.splitlines()[-1]
    assert "SETTING: expected a number" in running.printed.splitlines()[-1]
    assert not any(is_running(pid) for pid in pids(running))


def test_a_stop_during_the_start_stops_what_was_started(supervise: Supervise, is_running: IsRunning) -> None:
    running = supervise([{"name": "never", "code": STEADY, "ready": "never"}], [{"name": "after", "code": STEADY}])
    running.wait_for(lambda: pids(running))
    assert running.stop() == 0
    assert "starting after" not in running.printed
    assert not any(is_running(pid) for pid in pids(running))


def test_the_output_is_followed_with_the_name_and_kept_in_the_log(supervise: Supervise) -> None:
    talker = RUN + "print('to stdout', flush=True); print('to stderr', file=sys.stderr, flush=True)\n" + FOREVER
    running = supervise([{"name": "talker", "code": talker}])
    running.wait_for_line("talker | to stdout\n")
    running.wait_for_line("talker | to stderr\n")
    assert (running.directory / "logs" / "talker.log").read_text() == "to stdout\nto stderr\n"


def test_it_goes_on_when_nobody_reads_its_output_any_more(supervise: Supervise) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    running = supervise([{"name": "steady", "code": STEADY}], stdout=writing)
    os.close(writing)
    running.wait_for(lambda: len(pids(running)) == 1)
    os.kill(pids(running)[0], signal.SIGKILL)
    running.wait_for(lambda: len(pids(running)) == 2)
    assert running.stop() == 0
    assert "Traceback" not in running.printed


if sys.platform == "linux":

    def test_the_programs_of_a_killed_supervisor_end_too(supervise: Supervise, is_running: IsRunning) -> None:
        running = supervise([{"name": "steady", "code": STEADY}])
        running.wait_for(lambda: pids(running))
        running.stop(signal.SIGKILL)
        running.wait_for(lambda: not any(is_running(pid) for pid in pids(running)))
