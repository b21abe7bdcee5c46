# SPDX-License-Identifier: MIT
"""workloads/python/compare.py - the tasks of the pool in CPython, as a comparator.

It is run as `python3 -c SOURCE PORT QUICK SPAN FOLDER` and says what it measured, a
line each; after SPAN seconds nothing is measured a second time:

    version 3.11.7 gil
    run TRANSPORT MODEL TASK AMOUNT PEERS ROUND TASKS ELAPSED_NS OTHERS CPU_NS SWITCHES
    fact NAME VALUE        the name ends in its unit
    skip NAME CAUSE

OTHERS is how many CPUs other programs used meanwhile; CPU_NS and SWITCHES are what
all of our processes took, nan where the kernel does not count it. Tasks, amounts and
numbers of peers are those of the C pool. One task is one message, and workers run
before the clock starts. PORT is that of the pool's own server; 0: no downloads.
FOLDER is empty, and removed by who made it. It needs the standard library alone.
"""

import glob
import http.client
import multiprocessing
import multiprocessing.connection
import operator
import os
import pickle
import queue
import resource
import signal
import sqlite3
import statistics
import struct
import sys
import tempfile
import threading
import time
import zlib
from concurrent import futures
from itertools import accumulate
from multiprocessing import shared_memory

START = time.monotonic()
FORK = multiprocessing.get_context("fork")
TERMS = 10000
KNOWN = [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
BLOCK_BYTES = 65536
ROWS = 20
LIMIT_S = 20
SPAN_S, FOLDER = float(sys.argv[3]), sys.argv[4]
WIDTH, HEIGHT, CHANNELS = 160, 120, 3
# What image_process() of the C pool makes of picture(): its CRC-32.
PICTURE_RIGHT = 0x5ec3cea5
# A mean of seven samples, or of four, rounded, by their sum.
MEAN_OF_7 = bytes((total + 3) // 7 for total in range(7 * 255 + 1))
MEAN_OF_4 = bytes((total + 2) // 4 for total in range(4 * 255 + 1))
PORT = int(sys.argv[1])
QUICK = sys.argv[2] == "1"


def say(*words):
    print(*words, flush=True)


def fact(name, value):
    say("fact", name, f"{value:.6g}")


# The tasks. Each takes a number and returns what can be checked.


def fibonacci(terms):
    """The last of so many terms."""
    a, b = 0, 1
    for _ in range(terms - 1):
        a, b = b, a + b
    return a


def ten_terms(_):
    a, b = 0, 1
    terms = []
    for _ in range(10):
        terms.append(a)
        a, b = b, a + b
    return terms


LOCAL = threading.local()


def own(name, make):
    """What a thread, or the one thread of a process, made for itself."""
    key = f"{name}{os.getpid()}"
    if not hasattr(LOCAL, key):
        setattr(LOCAL, key, make())
    return getattr(LOCAL, key)


def download(index):
    connection = own("http", lambda: http.client.HTTPConnection("127.0.0.1", PORT, LIMIT_S))
    connection.request("GET", f"/{index % 2}")
    return len(connection.getresponse().read())


def block(index):
    """A block written to a file, synced and read back."""
    data = struct.pack("<Q", index % 4) * (BLOCK_BYTES // 8)
    file = own("block", lambda: tempfile.TemporaryFile(dir=FOLDER))
    os.pwrite(file.fileno(), data, 0)
    os.fdatasync(file.fileno())
    return zlib.crc32(os.pread(file.fileno(), BLOCK_BYTES, 0))


def connect():
    database = sqlite3.connect(f"{FOLDER}/work.db", timeout=LIMIT_S, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    return database


def transact(index):
    database = own("database", connect)
    worker = f"{os.getpid()}.{threading.get_native_id()}"
    database.execute("BEGIN IMMEDIATE")
    database.execute("DELETE FROM entry WHERE worker = ?", (worker,))
    for row in range(ROWS):
        database.execute("INSERT INTO entry VALUES(?, ?, ?)", (worker, row, row))
    count, total = database.execute(
        "SELECT count(*), sum(value) FROM entry WHERE worker = ?", (worker,)
    ).fetchone()
    database.execute("COMMIT")
    return count, total


def picture():
    return bytes(i * 40503 >> 8 & 255 for i in range(CHANNELS * WIDTH * HEIGHT))


def blur_line(line):
    """The mean of seven samples around each; the outermost stands for those beyond it."""
    sums = list(accumulate([line[0]] * 4 + list(line) + [line[-1]] * 3))
    return bytes(MEAN_OF_7[after - before] for before, after in zip(sums, sums[7:]))


def blur_columns(rows):
    padded = rows[:1] * 3 + rows + rows[-1:] * 4
    sums = [sum(column) for column in zip(*padded[:7])]
    for leaves, comes in zip(padded, padded[7:]):
        yield [MEAN_OF_7[total] for total in sums]
        sums = [total + new - old for total, new, old in zip(sums, comes, leaves)]


def process(pixels):
    """A picture blurred, made grey and halved, in the whole numbers of the C pool."""
    row_bytes = CHANNELS * WIDTH
    rows = []
    for start in range(0, len(pixels), row_bytes):
        row = bytearray(row_bytes)
        for channel in range(CHANNELS):
            row[channel::CHANNELS] = blur_line(pixels[start + channel:start + row_bytes:CHANNELS])
        rows.append(row)
    grey = [[77 * red + 150 * green + 29 * blue + 128 >> 8
             for red, green, blue in zip(row[::3], row[1::3], row[2::3])]
            for row in blur_columns(rows)]
    half = bytearray()
    for upper, lower in zip(grey[::2], grey[1::2]):
        pairs = list(map(operator.add, upper, lower))
        half += bytes(MEAN_OF_4[total] for total in map(operator.add, pairs[::2], pairs[1::2]))
    return bytes(half)


class Task:
    """A task, its amount as the C pool names it, and the right result of an argument."""

    def __init__(self, name, amount, work, argument, right):
        self.name, self.amount, self.work = name, amount, work
        self.argument, self.right = argument, right

    def check(self, result):
        if (zlib.crc32(result) if self.name == "image" else result) != self.right:
            raise RuntimeError(f"{self.name}: a wrong result: {result!r:.80}")


# The pools. Each starts its workers, then maps once and says how long that took.


class Alone:
    transport, model = "alone", "threads"

    def __init__(self, task, peers):
        self.task = task

    def map(self, count):
        for _ in range(count):
            self.task.check(self.task.work(self.task.argument))

    def close(self):
        pass


class Threading:
    """Threads, and a queue.SimpleQueue each way."""

    transport, model = "threading", "threads"

    def __init__(self, task, peers):
        self.task, self.tasks, self.results = task, queue.SimpleQueue(), queue.SimpleQueue()
        self.workers = [threading.Thread(target=self.live, daemon=True) for _ in range(peers)]
        for worker in self.workers:
            worker.start()

    def live(self):
        while (argument := self.tasks.get()) is not None:
            self.results.put(self.task.work(argument))

    def map(self, count):
        for _ in range(count):
            self.tasks.put(self.task.argument)
        for _ in range(count):
            self.task.check(self.results.get(timeout=LIMIT_S))

    def close(self):
        for _ in self.workers:
            self.tasks.put(None)
        for worker in self.workers:
            worker.join(LIMIT_S)


class OverPipe:
    """Processes, and a multiprocessing.Pipe to each; two tasks ahead, as in the C pool."""

    transport, model = "mp_pipe", "processes"

    def __init__(self, task, peers):
        self.task, self.ends, self.workers = task, [], []
        for _ in range(peers):
            mine, its = FORK.Pipe()
            worker = FORK.Process(target=self.live, args=(its,), daemon=True)
            worker.start()
            its.close()
            self.ends.append(mine)
            self.workers.append(worker)

    def live(self, end):
        while (argument := end.recv()) is not None:
            end.send(self.task.work(argument))

    def hand(self, end):
        end.send(self.task.argument)

    def take(self, end):
        return end.recv()

    def map(self, count):
        given = done = 0
        for end in self.ends:
            for _ in range(2):
                self.hand(end)
                given += 1
        count = max(count, given)
        while done < count:
            for end in multiprocessing.connection.wait(self.ends, LIMIT_S):
                self.task.check(self.take(end))
                done += 1
                if given < count:
                    self.hand(end)
                    given += 1

    def close(self):
        for end in self.ends:
            end.send(None)
        for worker in self.workers:
            worker.join(LIMIT_S)


class OverSharedMemory(OverPipe):
    """As over the pipe, but what is said stays in a shared_memory.SharedMemory."""

    transport, ROOM = "mp_shared_memory", 1 << 18

    def __init__(self, task, peers):
        # Of each worker: room for two tasks, and for their results.
        self.memory = shared_memory.SharedMemory(create=True, size=peers * 4 * self.ROOM)
        self.turns = {}
        super().__init__(task, peers)
        self.memory.unlink()  # all have it mapped: whoever is killed, no name is left

    def put(self, slot, value):
        data = value if isinstance(value, bytes) else pickle.dumps(value)
        self.memory.buf[slot * self.ROOM:slot * self.ROOM + len(data)] = data
        return slot, len(data), isinstance(value, bytes)

    def get(self, slot, size, is_raw):
        data = bytes(self.memory.buf[slot * self.ROOM:slot * self.ROOM + size])
        return data if is_raw else pickle.loads(data)

    def live(self, end):
        while (said := end.recv()) is not None:
            end.send(self.put(said[0] + 2, self.task.work(self.get(*said))))

    def hand(self, end):
        turn = self.turns.get(end, 0)
        self.turns[end] = turn + 1
        end.send(self.put(4 * self.ends.index(end) + turn % 2, self.task.argument))

    def take(self, end):
        return self.get(*end.recv())

    def close(self):
        super().close()
        self.memory.close()


class OverQueue:
    """Processes, and a multiprocessing.Queue each way."""

    transport, model, make = "mp_queue", "processes", FORK.Queue

    def __init__(self, task, peers):
        self.task, self.tasks, self.results = task, type(self).make(), type(self).make()
        self.workers = [FORK.Process(target=self.live, daemon=True) for _ in range(peers)]
        for worker in self.workers:
            worker.start()

    def live(self):
        while (argument := self.tasks.get()) is not None:
            self.results.put(self.task.work(argument))

    def map(self, count):
        ahead = min(count, 64)  # a SimpleQueue holds what its pipe holds
        for _ in range(ahead):
            self.tasks.put(self.task.argument)
        for done in range(count):
            self.task.check(self.results.get())
            if done + ahead < count:
                self.tasks.put(self.task.argument)

    def close(self):
        for _ in self.workers:
            self.tasks.put(None)
        for worker in self.workers:
            worker.join(LIMIT_S)


class OverSimpleQueue(OverQueue):
    transport, make = "mp_simple_queue", FORK.SimpleQueue


class MpPool:
    """multiprocessing.Pool.map, one task a message."""

    transport, model = "mp_pool", "processes"

    def __init__(self, task, peers):
        self.task, self.pool = task, FORK.Pool(peers)
        self.pool.map(ten_terms, range(peers))

    def map(self, count):
        for result in self.pool.map(self.task.work, [self.task.argument] * count, chunksize=1):
            self.task.check(result)

    def close(self):
        self.pool.close()
        self.pool.join()


class Executor:
    """concurrent.futures: map, one task a message."""

    def __init__(self, task, peers):
        self.task, self.executor = task, self.make(peers)
        list(self.executor.map(ten_terms, range(peers)))

    def map(self, count):
        for result in self.executor.map(self.task.work, [self.task.argument] * count):
            self.task.check(result)

    def close(self):
        self.executor.shutdown()


class ExecutorThreads(Executor):
    transport, model = "executor", "threads"

    def make(self, peers):
        return futures.ThreadPoolExecutor(peers)


class ExecutorProcesses(Executor):
    transport, model = "executor", "processes"

    def make(self, peers):
        return futures.ProcessPoolExecutor(peers, mp_context=FORK)


class Costs:
    """What ran meanwhile: other programs, by CPUs, and all of our own processes."""

    def __init__(self):
        self.start, self.busy, self.own = time.monotonic(), self.busy_now(), self.own_now()

    @staticmethod
    def busy_now():
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(word) for word in file.readline().split()[1:9]]
        return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def own_now():
        """CPU time and context switches of this process and of the workers that live."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s, switches = time.process_time(), usage.ru_nvcsw + usage.ru_nivcsw
        for child in multiprocessing.active_children():
            for thread in glob.glob(f"/proc/{child.pid}/task/*"):
                with open(f"{thread}/schedstat", encoding="ascii") as file:
                    cpu_s += int(file.read().split()[0]) / 1e9
                with open(f"{thread}/status", encoding="ascii") as file:
                    switches += sum(int(line.split()[1]) for line in file if "_ctxt_sw" in line)
        return cpu_s, switches

    def stop(self):
        self.span = time.monotonic() - self.start
        try:
            self.cpu_s, self.switches = map(operator.sub, self.own_now(), self.own)
        except OSError:  # this kernel counts no such thing
            self.cpu_s = self.switches = float("nan")
        self.others = max(self.busy_now() - self.busy - self.cpu_s, 0) / self.span
        return self


def compare(task, peers, count, pools, rounds, quiet=0):
    """
    Runs the pools in turn, each with fresh workers, so that a noisy while hits all. While
    others left the CPUs alone in less than so many quiet rounds, up to as many are added.
    """
    number = calm = 0
    while number < rounds or (calm < quiet and number < rounds + quiet):
        most = 0
        for make, share in pools:
            pool = make(task, peers)
            tasks = max(int(count * share), 1)
            costs = Costs()
            start = time.monotonic_ns()
            pool.map(tasks)
            elapsed = time.monotonic_ns() - start
            costs.stop()
            pool.close()
            most = max(most, costs.others)
            say("run", make.transport, make.model, task.name, task.amount,
                1 if make is Alone else peers, number, tasks, elapsed, f"{costs.others:.3f}",
                f"{costs.cpu_s * 1e9:.0f}", costs.switches)
        number += 1
        calm += most <= 0.2
        if time.monotonic() - START > SPAN_S:
            break


def median_us(act, repeats):
    times = []
    for _ in range(repeats):
        start = time.monotonic_ns()
        act()
        times.append((time.monotonic_ns() - start) / 1000)
    return statistics.median(times)


def create():
    def thread():
        peer = threading.Thread(target=int)
        peer.start()
        peer.join()

    def process(method):
        peer = multiprocessing.get_context(method).Process(target=int)
        peer.start()
        peer.join()

    fact("thread_create_join_us", median_us(thread, 50))
    fact("process_fork_join_us", median_us(lambda: process("fork"), 5 if QUICK else 30))
    if not QUICK:
        process("forkserver")
        fact("process_forkserver_join_us", median_us(lambda: process("forkserver"), 5))
        fact("process_spawn_join_us", median_us(lambda: process("spawn"), 3))


def background():
    """Ten terms in a thread while the caller goes on; then one that computes, or waits."""
    held = []
    for _ in range(30):
        results = []
        peer = threading.Thread(target=lambda: results.append(ten_terms(0)))
        start = time.monotonic_ns()
        peer.start()
        held.append((time.monotonic_ns() - start) / 1000)
        peer.join()
        if results != [KNOWN]:
            raise RuntimeError("ten terms are wrong")
    fact("thread_start_held_caller_us", statistics.median(held))

    def steps_until(end):
        steps = 0
        while time.monotonic_ns() < end:
            steps += 1
        return steps

    def share(work):
        span = 60_000_000
        alone = steps_until(time.monotonic_ns() + span)
        end = time.monotonic_ns() + span
        peer = threading.Thread(target=work, args=(end,))
        peer.start()
        beside = steps_until(end)
        peer.join()
        return 100.0 * beside / alone

    rounds = 1 if QUICK else 5
    costs = Costs()
    fact("caller_share_beside_thread_that_computes_percent",
         statistics.median(share(steps_until) for _ in range(rounds)))
    fact("caller_share_beside_thread_that_waits_percent",
         statistics.median(
             share(lambda end: time.sleep(max(end - time.monotonic_ns(), 0) / 1e9))
             for _ in range(rounds)))
    fact("background_others_cpus", costs.stop().others)


def race():
    """Two threads that read, and write what they read plus one."""
    class Counter:
        value = 0

    def read():
        return Counter.value

    def add():
        for _ in range(additions):
            Counter.value = read() + 1

    additions = 20000 if QUICK else 300000
    peers = [threading.Thread(target=add) for _ in range(2)]
    for peer in peers:
        peer.start()
    for peer in peers:
        peer.join()
    fact("unsynchronised_additions_count", 2 * additions)
    fact("unsynchronised_lost_count", 2 * additions - Counter.value)


def isolation():
    """A thread that crashes takes all with it; a process alone, and its executor says so."""
    pid = os.fork()
    if pid == 0:
        peer = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGKILL))
        peer.start()
        time.sleep(LIMIT_S)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    fact("killed_thread_survivors_count", 0 if os.WIFSIGNALED(status) else 3)
    with futures.ProcessPoolExecutor(4, mp_context=FORK) as executor:
        list(executor.map(ten_terms, range(8)))
        start = time.monotonic_ns()
        try:
            executor.submit(os._exit, 9).result(LIMIT_S)
        except futures.process.BrokenProcessPool:
            fact("executor_death_noticed_ms", (time.monotonic_ns() - start) / 1e6)
            fact("executor_usable_after_death_count", 0)


def passing():
    """What it takes to pass 1 MiB to a process and have one byte of each page read there."""
    size = 1 << 20
    data = bytes(size)
    count = 50 if QUICK else 400
    mine, its = FORK.Pipe()

    def read_pipe():
        for _ in range(count):
            its.send(len(its.recv_bytes()))

    peer = FORK.Process(target=read_pipe, daemon=True)
    peer.start()
    start = time.monotonic_ns()
    for _ in range(count):
        mine.send_bytes(data)
        mine.recv()
    fact("pipe_1_mib_us", (time.monotonic_ns() - start) / 1000 / count)
    peer.join(LIMIT_S)

    memory = shared_memory.SharedMemory(create=True, size=size)

    def read_memory():
        for _ in range(count):
            its.recv()
            its.send(sum(memory.buf[::4096]))

    peer = FORK.Process(target=read_memory, daemon=True)
    peer.start()
    memory.unlink()
    start = time.monotonic_ns()
    for _ in range(count):
        memory.buf[:] = data
        mine.send(0)
        mine.recv()
    fact("shared_memory_1_mib_us", (time.monotonic_ns() - start) / 1000 / count)
    peer.join(LIMIT_S)
    memory.close()

    def create_and_unlink():
        one = shared_memory.SharedMemory(create=True, size=size)
        one.close()
        one.unlink()

    fact("shared_memory_create_unlink_us", median_us(create_and_unlink, 50))


def main():
    is_enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    say("version", sys.version.split()[0], "gil" if is_enabled else "free-threaded")
    rounds = 1 if QUICK else 5
    few = 1 if QUICK else 3
    scale = 0.05 if QUICK else 1
    heavy = Task("fibonacci", TERMS, fibonacci, TERMS, fibonacci(TERMS))
    tiny = Task("fibonacci", 10, ten_terms, 10, KNOWN)
    compare(heavy, 2, 240 * scale,
            [(Alone, 0.5), (Threading, 0.5), (MpPool, 1), (OverPipe, 1), (ExecutorProcesses, 1)],
            rounds, 0 if QUICK else 4)
    compare(tiny, 2, 10000 * scale,
            [(MpPool, 1), (OverPipe, 1), (OverSharedMemory, 1), (OverQueue, 1),
             (OverSimpleQueue, 1), (Threading, 1), (ExecutorThreads, 1),
             (ExecutorProcesses, 0.2)], few)
    image = Task("image", WIDTH, process, picture(), PICTURE_RIGHT)
    compare(image, 2, 12 * scale,
            [(Alone, 0.5), (Threading, 0.5), (MpPool, 1), (OverPipe, 1), (OverSharedMemory, 1)],
            few)
    if PORT:
        page = Task("http", 20, download, 1, 4096)
        compare(page, 8, 96 * scale,
                [(Alone, 0.125), (Threading, 1), (ExecutorThreads, 1), (MpPool, 1)], few)
    else:
        say("skip", "http", "there is no server to download from")
    disk = Task("file_io", 64, block, 3, zlib.crc32(struct.pack("<Q", 3) * (BLOCK_BYTES // 8)))
    compare(disk, 2, 200 * scale, [(Alone, 0.5), (Threading, 1), (MpPool, 1)], few)
    rows = Task("database", ROWS, transact, 1, (ROWS, sum(range(ROWS))))
    compare(rows, 2, 100 * scale, [(Alone, 0.5), (Threading, 1), (MpPool, 1)], few)
    for experiment in (create, background, race, isolation, passing):
        experiment()


setup = connect()
setup.execute("CREATE TABLE IF NOT EXISTS entry(worker, number, value, PRIMARY KEY(worker, number))")
setup.close()
main()
