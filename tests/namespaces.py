"""Machines of a test's own: network namespaces, each with a cable to one switch. They need no rights but to make namespaces, and are gone
with the test."""
import contextlib
import os
import shutil
import socket
import subprocess
import sys

# The switch's place, in which the machines m0, m1 ... are made; it is there as long as somebody holds its standard input.
YARD = """set -e
mount -t tmpfs none /run
ip link set lo up
ip link add switch type bridge
ip addr add 10.77.0.254/24 dev switch
ip link set switch up
for n in $(seq 0 $(($1 - 1))); do
        ip netns add m$n
        ip link add to$n type veth peer name cable netns m$n
        ip link set to$n master switch up
        ip -n m$n addr add 10.77.0.$((n + 1))/24 dev cable
        ip -n m$n link set cable up
        ip -n m$n link set lo up
done
echo there
exec cat
"""

# In the yard: open a socket there, and hand it over.
LISTEN = """import socket, sys
with socket.socket(fileno=int(sys.argv[1])) as way, socket.create_server(("10.77.0.254", 0)) as server:
    socket.send_fds(way, [b"x"], [server.fileno()])
"""


class Machines:
    """So many of them; OSError, with the reason, where that is not permitted."""

    switch = '10.77.0.254'

    def __init__(self, count):
        if not shutil.which('unshare') or not shutil.which('ip'):
            raise OSError('no unshare, or no ip')
        # pylint: disable=consider-using-with
        self.yard = subprocess.Popen(['unshare', '-rnm', 'sh', '-c', YARD, 'yard', str(count)], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.yard.stdout.readline() != 'there\n':
            raise OSError('no network namespaces can be made here: ' + self.yard.communicate()[1].strip())
        self.within = ['nsenter', '-t', str(self.yard.pid), '-U', '--preserve-credentials', '-m', '-n']

    def on(self, n):
        """What a command line begins with that is to run on a machine; its process is the command's own."""
        return [*self.within, 'ip', 'netns', 'exec', 'm%d' % n]

    @staticmethod
    def address(n):
        return '10.77.0.%d' % (n + 1)

    def listen(self):
        """A socket that listens at the switch, for us who are elsewhere."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            subprocess.run([*self.within, sys.executable, '-c', LISTEN, str(theirs.fileno())], pass_fds=[theirs.fileno()], check=True)
            fd, = socket.recv_fds(ours, 1, 1)[1]
        return socket.socket(fileno=fd)

    def plug(self, n, is_in):
        """A machine's cable."""
        subprocess.run([*self.within, 'ip', 'link', 'set', 'to%d' % n, 'up' if is_in else 'down'], check=True)

    def close(self):
        with contextlib.suppress(OSError):
            os.close(self.yard.stdin.fileno())
        self.yard.wait()
