"""What scenarios of TLS are written with: a certificate, contexts, and two that are connected."""

import contextlib
import functools
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path

from stage import Witness


@functools.lru_cache(None)
def certificate():
    """A certificate of localhost and its key, in one file."""
    program = shutil.which("openssl")
    if not program:
        raise RuntimeError("these scenarios need the program openssl")
    folder = tempfile.mkdtemp(dir=".")
    file = Path(folder).resolve() / "localhost.pem"
    subprocess.run([program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-days", "1", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost",
                    "-keyout", file, "-out", f"{file}.crt"], check=True, stderr=subprocess.DEVNULL)
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return str(file)


def server_context():
    """A context that shows the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate())
    return context


def client_context():
    """A context that trusts the certificate."""
    return ssl.create_default_context(cafile=certificate())


@contextlib.asynccontextmanager
async def server(loop, factory, context=None, **keywords):
    """A TLS server; gives its address."""
    serving = await loop.create_server(factory, "127.0.0.1", 0, ssl=context or server_context(),
                                       **keywords)
    yield serving.sockets[0].getsockname()
    serving.close()


async def pair(loop, note, client=Witness, serving=Witness, context=None, of_server=None):
    """Two protocols that are connected by TLS."""
    accepted = loop.create_future()

    class Accepted(serving):
        def connection_made(self, transport):
            super().connection_made(transport)
            accepted.set_result(self)
    async with server(loop, lambda: Accepted(note, "server"), of_server) as address:
        _, protocol = await loop.create_connection(
            lambda: client(note, "client"), *address, ssl=context or client_context(),
            server_hostname="localhost")
        return protocol, await accepted
