"""Followers of changes and a writer, each in a separate process and cheap enough to share the machine.

Nothing is parsed. The writer numbers its reports, and a follower searches for the first number in each piece of data
that it reads: of the events that arrive together, the first has waited longest.
"""

import contextlib
import multiprocessing
import re
import resource
import selectors
import socket
import time

HOST = "127.0.0.1"
API = "/api/hyperfleet/v1"
MARK = b'"reason":"Nr'
NUMBER = re.compile(rb"\d+")
PIECE = 1 << 18
LINES = {"Accept": "application/x-ndjson"}


def request(method: str, path: str, headers: dict, body: bytes = b"") -> bytes:
    headers = {"Host": "localhost", **headers, **({"Content-Length": len(body)} if body else {})}
    lines = [f"{method} {API}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def opened(port: int, *, window: int = 0) -> socket.socket:
    connection = socket.socket()
    if window:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    connection.settimeout(30)
    connection.connect((HOST, port))
    return connection


def stream(port: int, path: str, *, window: int = 0) -> socket.socket:
    """Opens a stream of changes and reads the head of the response."""
    connection = opened(port, window=window)
    connection.sendall(request("GET", path, LINES))
    head = b""
    while b"\r\n\r\n" not in head:
        # Byte by byte, so that no part of the body is consumed.
        byte = connection.recv(1)
        if not byte:
            break
        head += byte
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"{path}: {head.decode() or 'closed'}")
    return connection


def raise_descriptors() -> None:
    """Raises the limit of open files to the maximum. Servers started later inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class _Worker:
    """A process that works until it is stopped, and then returns what it has recorded."""

    def __init__(self, work, *arguments):
        context = multiprocessing.get_context("fork")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=work, args=(other, *arguments), daemon=True)
        self.process.start()
        other.close()
        self._told()  # waits until it works

    def _told(self):
        try:
            return self.pipe.recv()
        except EOFError:
            raise SystemExit("a process that makes load has failed") from None

    def stop(self) -> dict:
        self.pipe.send("stop")
        seen = self._told()
        self.process.join(30)
        return seen


class Followers(_Worker):
    """`count` streams of the same changes. `stop` returns `seen` (pairs of number and time), `bytes` and `ended`."""

    def __init__(self, port: int, count: int, path: str):
        super().__init__(_follow, port, count, path)


def _follow(pipe, port: int, count: int, path: str) -> None:
    waiting, buffer, seen, total, ended = selectors.EpollSelector(), bytearray(PIECE), [], 0, 0
    for _ in range(count):
        connection = stream(port, path)
        connection.setblocking(False)
        waiting.register(connection, selectors.EVENT_READ)
    waiting.register(pipe, selectors.EVENT_READ, pipe)
    pipe.send("ready")
    stopping = False
    while not stopping:
        for key, _ in waiting.select():
            if key.data is pipe:
                stopping = True
                continue
            size = key.fileobj.recv_into(buffer)
            now = time.monotonic()
            total += size
            if size == 0:
                ended += 1
                waiting.unregister(key.fileobj)
            at = buffer.find(MARK, 0, size)
            # A number at the very end of the data may be incomplete.
            if 0 <= at and at + 24 < size:
                seen.append((int(NUMBER.match(buffer, at + len(MARK))[0]), now))
    pipe.send({"seen": seen, "bytes": total, "ended": ended})


class Writer(_Worker):
    """Sends reports that change conditions of clusters, `rate` times a second. `stop` returns, by number, the times at
    which each report was sent and answered, and `refused` and `late`: the maximum delay of a send, in seconds."""

    def __init__(self, port: int, clusters: list[str], rate: float, connections: int = 32):
        super().__init__(_write, port, clusters, rate, connections)


def report(cluster: str, number: int) -> bytes:
    one = '{"type":"%s","status":"True","reason":"Nr%d"}'
    conditions = ",".join(one % (name, number) for name in ("Available", "Applied", "Health"))
    body = '{"adapter":"dns","observed_generation":1,"conditions":[%s]}' % conditions
    return request("PUT", f"/clusters/{cluster}/statuses", {"Content-Type": "application/json"}, body.encode())


def _write(pipe, port: int, clusters: list[str], rate: float, connections: int) -> None:
    waiting, free, busy = selectors.EpollSelector(), [], {}
    for _ in range(connections):
        connection = opened(port)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(connection, selectors.EVENT_READ)
        free.append(connection)
    waiting.register(pipe, selectors.EVENT_READ, pipe)
    pipe.send("ready")
    start, number, sent, answered, refused, late, stopping = time.monotonic(), 0, {}, {}, 0, 0.0, False
    while busy or not stopping:
        now = time.monotonic()
        while not stopping and free and start + number / rate <= now:
            late = max(late, now - start - number / rate)
            connection = free.pop()
            connection.sendall(report(clusters[number % len(clusters)], number))
            sent[number], busy[connection] = now, (number, b"")
            number += 1
        pause = max(start + number / rate - now, 0) if free and not stopping else 1
        for key, _ in waiting.select(pause):
            if key.data is pipe:
                stopping = True
                continue
            if key.fileobj not in busy:
                # An unused connection, which the server has closed.
                waiting.unregister(key.fileobj)
                free.remove(key.fileobj)
                continue
            which, answer = busy[key.fileobj]
            piece = key.fileobj.recv(1 << 16)
            answer += piece
            if piece and not complete(answer):
                busy[key.fileobj] = which, answer
                continue
            answered[which] = time.monotonic()
            refused += not answer.startswith(b"HTTP/1.1 20")
            del busy[key.fileobj]
            if piece:
                free.append(key.fileobj)
            else:
                waiting.unregister(key.fileobj)
    pipe.send({"sent": sent, "answered": answered, "refused": refused, "late": late})


def complete(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
    return bool(found) and len(body) >= int(length[1] if length else 0)


class SlowReader:
    """One stream, read at `rate` bytes a second in the thread of the caller."""

    def __init__(self, port: int, path: str, rate: int):
        # A small window: otherwise the kernel buffers minutes of data that is never read.
        self.connection, self.rate, self.bytes = stream(port, path, window=4096), rate, 0
        self.due = time.monotonic()

    def read_for(self, seconds: float) -> bool:
        """Reads for this time. Returns whether the stream is still open."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(max(self.due - time.monotonic(), 0), left))
            if time.monotonic() < self.due:
                break
            self.due += 1
            piece = self.connection.recv(self.rate)
            if not piece:
                return False
            self.bytes += len(piece)
        return True

    def queued(self) -> int:
        """The number of bytes that the kernel holds for this reader on the side of the server."""
        mine = f":{self.connection.getsockname()[1]:04X}"
        lines = (line.split() for line in open("/proc/net/tcp"))
        return sum(int(fields[4].split(":")[0], 16) for fields in lines if fields[2].endswith(mine))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.close()


def latencies(followed: dict, written: dict, after: float = 0) -> tuple[list[float], list[float]]:
    """Seconds from the response to the writer, and from its request, until a follower received the event. Ignores
    reports sent before `after`."""
    from_answer, from_request = [], []
    for number, at in followed["seen"]:
        sent, answered = written["sent"].get(number), written["answered"].get(number)
        if answered is not None and sent >= after:
            # The event may arrive before the response.
            from_answer.append(max(at - answered, 0.0))
            from_request.append(at - sent)
    return from_answer, from_request
