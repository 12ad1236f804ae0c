"""A mail server that answers as a test wants: what it took, on how many connections, and what it
was told to say."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

HANG, DROP = "hang", "drop"

#: What is said to a command: a reply, HANG, DROP, or a function of (argument, how often this was
#: asked before).
Answer = str | Callable[[str, int], str]

_USUAL = {
    "": "220 test",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    ".": "250 queued",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}


class SmtpServer:
    """`answers`: by verb ("" is the greeting, "." the final dot). `messages` holds (recipient,
    bytes) of all that was taken in whole, whether or not it was answered."""

    def __init__(
        self,
        *,
        extensions: tuple[str, ...] = ("8BITMIME", "SMTPUTF8"),
        seconds: float = 0.0,
        **answers: Answer,
    ):
        self.extensions, self.seconds = extensions, seconds
        self.answers: dict[str, Answer] = dict(answers)
        self.messages: list[tuple[str, bytes]] = []
        self.arrived: list[float] = []
        self.commands: dict[str, int] = {}
        self.connections = 0
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def parsed(self) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=default) for _, content in self.messages]

    @property
    def ids(self) -> list[str]:
        return [message["Message-ID"] for message in self.parsed]

    def start(self) -> SmtpServer:
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=True)
        threading.Thread(target=self._listen, args=(self._listener,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in self._open:
            connection.close()
        self._open.clear()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as lines:
                self._talk(connection, lines)
        except (OSError, ValueError, EOFError):
            return

    def _talk(self, connection: socket.socket, lines: Any) -> None:
        self._say(connection, "", "")
        recipient = ""
        for line in lines:
            verb, _, argument = line.decode("utf-8").strip().partition(" ")
            verb = verb.upper()
            if verb in ("EHLO", "HELO") and verb not in self.answers:
                offered = ["test", *self.extensions]
                connection.sendall(
                    "".join(
                        f"250{'-' if n < len(offered) else ' '}{parameters}\r\n"
                        for n, parameters in enumerate(offered, 1)
                    ).encode()
                )
                continue
            if verb == "RCPT":
                recipient = argument.partition("<")[2].partition(">")[0]
            reply = self._say(connection, verb, argument)
            if verb == "DATA" and reply.startswith("354"):
                self._take(connection, lines, recipient)
            if verb == "QUIT":
                return

    def _take(self, connection: socket.socket, lines: Any, recipient: str) -> None:
        content = b""
        for line in lines:
            if line == b".\r\n":
                break
            content += line[1:] if line.startswith(b".") else line
        else:
            raise EOFError
        time.sleep(self.seconds)
        answer = self.answers.get(".", _USUAL["."])
        if callable(answer) or answer in (DROP, HANG) or answer.startswith("2"):
            self.messages.append((recipient, content))
            self.arrived.append(time.monotonic())
        self._say(connection, ".", recipient)

    def _say(self, connection: socket.socket, verb: str, argument: str) -> str:
        answer = self.answers.get(verb, _USUAL.get(verb, "500 what?"))
        before = self.commands.get(verb, 0)
        self.commands[verb] = before + 1
        reply = answer(argument, before) if callable(answer) else answer
        if reply == DROP:
            raise EOFError
        if reply == HANG:
            while True:
                time.sleep(0.1)
                if connection.fileno() < 0:
                    raise EOFError
        connection.sendall(f"{reply}\r\n".encode())
        return reply


@contextmanager
def smtp_server(**options: Any) -> Iterator[SmtpServer]:
    server = SmtpServer(**options).start()
    try:
        yield server
    finally:
        server.stop()
