"""The rows of HTTP clients: each asks nginx, which has the load's core."""
import tempfile

import processes
import servers

TOGETHER = 1, 100


def measure(argv, environment, cores, figures):
    """What figures() finds of a client that is told the URL by its environment."""
    with tempfile.TemporaryDirectory() as place:
        port = servers.free_port()
        swapped = processes.Cores(contestant=cores.load, load=cores.contestant)
        server = servers.Server(servers.nginx(place, port, servers.NGINX_HELLO), swapped, None, port)
        try:
            return figures(argv, environment | {"URL": f"http://127.0.0.1:{port}/"})
        finally:
            server.close()
