"""Certificates for the tests of programs that speak TLS, made by the openssl command for a day."""

import os
import shutil
import subprocess

from servers import skip


class Issued:
    """A certificate and its key, in files."""

    def __init__(self, folder, name):
        self.name = name
        self.file = os.path.join(folder, name + '.pem')
        self.key = os.path.join(folder, name + '.key')


def issue(folder, name, names=None, issuer=None, key=('ec', '-pkeyopt', 'ec_paramgen_curve:P-256')):
    """Write one whose subject is `name`, for `names` as OpenSSL writes a subjectAltName; by itself where nobody issues it.

    One of the same name in the same folder is replaced, as by a renewal.
    """
    program = shutil.which('openssl') or skip('no openssl')
    issued = Issued(folder, name)
    command = [program, 'req', '-x509', '-newkey', *key, '-nodes', '-days', '1', '-subj', '/CN=' + name,
               '-keyout', issued.key, '-out', issued.file]
    if names:
        command += ['-addext', 'subjectAltName=' + names]
    if issuer:
        command += ['-CA', issuer.file, '-CAkey', issuer.key, '-addext', 'basicConstraints=critical,CA:FALSE']
    else:
        command += ['-addext', 'keyUsage=critical,digitalSignature,keyCertSign']
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return issued
