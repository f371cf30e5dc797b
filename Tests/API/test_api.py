#!/usr/bin/env python3
"""Calls the agent and HQ in every way that their OpenAPI documents describe, and in wrong ways.

Usage: Tests/API/test_api.py [--bin DIR] [--seconds N] [--seed N] [--only agent|hq|pull]
Starts the built programs on loopback, has schemathesis make the calls, and ends with 0 if every
answer was as documented and none was a server's error. Needs: pip install schemathesis
"""

import argparse
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
# Longest time for a program to start, on a machine that is busy.
START_SECONDS_MAX = 120
# What every answer must be. Left out on purpose: whether wrong data is refused, since values beyond
# the documents' patterns may well be right (a repeated sale gets its first answer), and which of
# several refusals comes first (an unknown device is 404 before its signature is looked at).
CHECKS = ",".join([
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance", "unsupported_method",
    "ignored_auth",
])


class Server:
    """A program that serves until the block ends."""

    def __init__(self, command, log):
        self.command, self.log = command, log

    def __enter__(self):
        self.output = open(self.log, "wb")
        self.process = subprocess.Popen(
            self.command, stdout=self.output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        return self

    def __exit__(self, kind, error, trace):
        self.process.terminate()
        self.process.wait()
        self.output.close()

    def wait_for(self, words, port):
        """Waits until the program answers on its port; fails with its log if it ends."""
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"{words} does not answer: {open(self.log).read()[-2000:]}")

    def assert_alive(self):
        assert self.process.poll() is None, (
            f"it ended with {self.process.returncode}: {open(self.log).read()[-2000:]}"
        )


def main():
    options = arguments()
    print(f"seed {options.seed}, {options.seconds} s for each document", flush=True)
    failed = []
    for name, body in SERVERS.items():
        if options.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="stampd-api-") as directory:
                if not body(options, directory):
                    failed.append(name)
    tried = len(SERVERS) if options.only is None else 1
    print(f"{tried - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=os.path.join(PROJECT, ".build", "debug"), metavar="DIR")
    parser.add_argument(
        "--seconds", type=int, default=60, metavar="N", help="most time for each document (60)"
    )
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(1 << 31), metavar="N"
    )
    parser.add_argument("--only", choices=list(SERVERS))
    return parser.parse_args()


def agent_command(options, directory, port, *more):
    """Writes a store's configuration, and gives the command of its agent."""
    config = os.path.join(directory, "stampd.yaml")
    shutil.copy(os.path.join(PROJECT, "programmes", "demo.yaml"), directory)
    with open(config, "w") as file:
        file.write(
            "store: api\nstoreTitle: {zh-Hant: 測試, en: Test}\n"
            f"state: {directory}/state\nprogramme: {directory}/demo.yaml\n"
            f"listen: {{port: {port}, socket: {directory}/stampd.sock}}\n"
            "scanners: {adoptKnown: false}\n" + "".join(f"{line}\n" for line in more)
        )
    return [os.path.join(options.bin, "stampd"), "run", "--config", config]


def agent(options, directory):
    port = free_port()
    command = agent_command(options, directory, port)
    with Server(command, os.path.join(directory, "log")) as server:
        server.wait_for("stampd", port)
        # The event stream has no end, and a page's address leads to a file.
        is_well = schemathesis(
            options, directory, "openapi.yaml", f"http://127.0.0.1:{port}",
            "--exclude-path", "/v1/events", "--header", "Content-Type: application/json",
        )
        server.assert_alive()
        return is_well


def headquarters(options, directory):
    port = free_port()
    config = os.path.join(directory, "stamphq.yaml")
    data = os.path.join(directory, "hq")
    with open(config, "w") as file:
        file.write(f"data: {data}\nlisten: {{port: {port}}}\n")
    program = os.path.join(options.bin, "stamphq")
    with Server([program, "serve", "--config", config], os.path.join(directory, "log")) as server:
        server.wait_for("stamphq", port)
        with open(os.path.join(data, "admin.token")) as file:
            token = file.read().strip()
        is_well = schemathesis(
            options, directory, "openapi-hq.yaml", f"http://127.0.0.1:{port}/v1",
            "--header", f"Authorization: Bearer {token}",
        )
        server.assert_alive()
        return is_well


def pull(options, directory):
    """The listener for HQ's pull; without HQ's key, so that nothing is given away."""
    port, path = free_port(), os.path.join(directory, "pull")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", f"{path}.key", "-out", f"{path}.pem"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    told = subprocess.run(
        [os.path.join(options.bin, "stamphq"), "init", "--data", os.path.join(directory, "hq")],
        check=True, stdout=subprocess.PIPE, text=True,
    )
    command = agent_command(
        options, directory, free_port(),
        f"hq: {{url: \"http://127.0.0.1:{free_port()}\", key: {told.stdout.split()[-1]}}}",
        f"pull: {{address: 127.0.0.1, port: {port}, certificate: {path}.pem, key: {path}.key}}",
    )
    with Server(command, os.path.join(directory, "log")) as server:
        server.wait_for("stampd", port)
        # Only a relay lists the logs that it keeps.
        is_well = schemathesis(
            options, directory, "openapi-pull.yaml", f"https://127.0.0.1:{port}/v1",
            "--exclude-path", "/devices", "--tls-verify", f"{path}.pem",
        )
        server.assert_alive()
        return is_well


SERVERS = {"agent": agent, "hq": headquarters, "pull": pull}


def schemathesis(options, directory, document, url, *more):
    """Runs every phase for a bounded time; its own report says what was called and what came."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "run",
        os.path.join(PROJECT, "docs", document), "--url", url, "--checks", CHECKS,
        "--max-time", str(options.seconds), "--seed", str(options.seed), "--no-color",
        "--request-timeout", "60", *more,
    ]
    hooks = {"PYTHONPATH": HERE, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        command, stdin=subprocess.DEVNULL, env=os.environ | hooks, cwd=directory
    )
    return run.returncode == 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
