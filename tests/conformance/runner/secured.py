# SPDX-License-Identifier: MIT
"""TLS for --tls: certificates of its own making, and a peer's end that speaks it."""
import errno
import functools
import pathlib
import socket
import ssl
import subprocess
import tempfile

NAME = "server.test"


@functools.cache
def identity():
    """(certificate, key): files, made once and gone with the process."""
    folder = tempfile.TemporaryDirectory(prefix="conformance-tls-")  # pylint: disable=consider-using-with
    certificate, key = (str(pathlib.Path(folder.name) / file) for file in ("server.pem", "server.key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return Files(certificate, key, folder)


class Files(tuple):
    """A pair of paths, and the folder that goes with it."""

    def __new__(cls, certificate, key, folder):
        pair = super().__new__(cls, (certificate, key))
        pair.folder = folder
        return pair


@functools.cache
def server_context(strict=False):
    """What asyncio serves with. `strict`: a stream that ends without close_notify was cut off, which Python hides."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*identity())
    return _strict(context) if strict else context


@functools.cache
def client_context(strict=False):
    """What asyncio connects with."""
    context = ssl.create_default_context(cafile=identity()[0])
    return _strict(context) if strict else context


def _strict(context):
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context


class Socket:
    """A connected socket with TLS, as far as an End needs one. Unlike ssl.SSLSocket it ends one direction at a time. `answers`: at
    the peer's end it ends its own, for which asyncio's transports wait. `serves`: it was connected to."""

    def __init__(self, plain, answers, serves):
        self._answers = answers
        self._plain, self._in, self._out, self._silent = plain, ssl.MemoryBIO(), ssl.MemoryBIO(), False
        context, name = (server_context(True), None) if serves else (client_context(True), NAME)
        self._tls = context.wrap_bio(self._in, self._out, server_side=serves, server_hostname=name)
        self._until_done(self._tls.do_handshake)

    def _flush(self):
        if waiting := self._out.read():
            self._plain.sendall(waiting)

    def _until_done(self, call):
        while True:
            try:
                result = call()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
            if got := self._plain.recv(65536):
                self._in.write(got)
            else:
                self._in.write_eof()

    def recv(self, size):
        """b"" where the peer has said that it ends."""
        try:
            got = self._until_done(lambda: self._tls.read(size))
        except ssl.SSLZeroReturnError:  # it has ended, and so have we
            got = b""
        except ssl.SSLError as error:
            why = "cut off" if error.reason == "UNEXPECTED_EOF_WHILE_READING" else f"tls {error.reason}"
            raise OSError(0, why) from None
        if not got and self._answers:
            self.shutdown(socket.SHUT_WR)
        return got

    def pending(self):
        """Whether something can be received that the kernel no longer knows of."""
        return self._tls.pending() or self._in.pending

    def sendall(self, data):
        """All of it."""
        try:
            self._tls.write(data)
        except ssl.SSLEOFError:  # the peer is gone
            raise BrokenPipeError(errno.EPIPE, "the stream was cut off") from None
        self._flush()

    def shutdown(self, _):
        """close_notify, and nothing of the socket's own."""
        try:
            self._tls.unwrap()
        except (ssl.SSLWantReadError, ssl.SSLSyscallError, ssl.SSLError):
            pass  # the answer is for recv() to find
        self._flush()

    def send(self, data, _):
        """All of it, which is more than was asked for."""
        self.sendall(data)
        return len(data)

    def setsockopt(self, level, option, value):
        """Who lingers for no time wants a reset."""
        self._silent = self._silent or (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER)
        self._plain.setsockopt(level, option, value)

    def close(self):
        """Tells the peer, if it can be told."""
        try:
            self._plain.settimeout(0)
            if not self._silent:
                self.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._plain.close()

    def __getattr__(self, name):
        return getattr(self._plain, name)
