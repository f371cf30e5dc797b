"""The rows about the engine: decisions, what they allocate, and a year of a chain (issue 4)."""

import json
import os
import subprocess
import time

RULE_COUNTS = (10, 100, 1_000)
YEAR_DAYS = 365
MEMBERS = 20_000


def decisions(bench):
    """How fast, and how the speed moves with rules that do not match."""
    count = bench.size(200_000, 20_000)
    rates = [
        bench.ask_often(bench.size(5, 1), "decisions", count, "--rules", rules)["per_s"]
        for rules in RULE_COUNTS
    ]
    bench.row(
        "decisions per second on one thread, 10 rules, a basket of 20 lines",
        f"{rates[0]:,.0f}", "≥ 100,000", rates[0] >= 100_000,
    )
    bench.note(
        f"with 100 rules {rates[1]:,.0f}, with 1,000 rules {rates[2]:,.0f}, of which the same match"
    )
    allocations(bench)


def allocations(bench):
    """What one decision allocates: two runs that differ only in how many decisions they make."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "allocations.c")
    library = os.path.join(bench.directory, "allocations.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, source], check=True)
    few, many = 1_000, 11_000
    told = []
    for rules in RULE_COUNTS:
        counts = [counted(bench, library, number, rules) for number in (few, many)]
        times, size = ((counts[1][i] - counts[0][i]) / (many - few) for i in (0, 1))
        told.append(f"{times:.1f} of {size:,.0f} bytes")
    bench.row(
        "allocations of one decision, 10 rules, a basket of 20 lines", told[0], "no bound", None
    )
    bench.note(f"with 100 rules {told[1]}, with 1,000 rules {told[2]}; counted at malloc")


def counted(bench, library, decision_count, rules):
    """How often a run allocates, and how many bytes in all."""
    path = os.path.join(bench.directory, "allocations")
    subprocess.run(
        [bench.stampbench, "decisions", str(decision_count), "--rules", str(rules)],
        check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "LD_PRELOAD": library, "ALLOCATIONS": path},
    )
    with open(path) as file:
        return [int(number) for number in file.read().split()]


def replayed_year(bench):
    """A year of sales through `stampctl programme try`: time, and memory against a fifth of it."""
    whole = bench.size(10_000_000, 500_000)
    runs = [replay(bench, count) for count in (whole // 5, whole)]
    (_, small), (seconds, large) = runs
    grown = (large - small) / (whole - whole // 5) * 1024 * 1024
    bench.row(
        f"a year of {whole:,} sales of {MEMBERS:,} members replayed by `programme try`",
        f"{seconds:.0f} s, {whole / seconds:,.0f} per second; at most {large:.0f} MiB",
        "no bound", None,
    )
    bench.note(
        f"a fifth of it took at most {small:.0f} MiB: {grown:.1f} bytes a sale more,"
        " which the first reading keeps to know a key that comes again, for 16 million at most"
    )


def replay(bench, count):
    """Seconds and the peak of memory in MiB; the file of sales is removed behind it."""
    path = os.path.join(bench.directory, "sales.ndjson")
    write_sales(path, count)
    command = [
        os.path.join(bench.binaries, "stampctl"), "programme", "try", "programmes/points.yaml",
        "--sales", path, "--summary", "--json",
    ]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # its progress is shown
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    os.unlink(path)
    summary = json.loads(output)["summary"]
    if process.returncode or summary["awards"] != count:
        raise RuntimeError(f"status {process.returncode}, {output[:200]!r}")
    return seconds, usage.ru_maxrss / 1024


def write_sales(path, count):
    """Sales in the order of the year, each of the next member, of 35 to 519 dollars."""
    print(f"  writing a file of {count:,} sales", flush=True)
    days = [
        time.strftime("%Y-%m-%d", time.gmtime(1_767_225_600 + 86_400 * day))
        for day in range(YEAR_DAYS)
    ]
    with open(path, "w") as file:
        for number in range(count):
            file.write(
                f'{{"key":"S{number}","member":"M{number % MEMBERS}",'
                f'"date":"{days[number * YEAR_DAYS // count]}",'
                f'"amount":{35 + number * 7_919 % 485}}}\n'
            )
