#!/usr/bin/env python3
"""What scanners of TLS find in `eddy serve --tls` as it is by default: test_scanners.py EDDY SCANNER, which is sslscan or testssl."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from certificates import issue  # pylint: disable=wrong-import-position
from servers import skip  # pylint: disable=wrong-import-position

# Forward secret, and authenticated as a whole: no CBC, RC4 or 3DES, none without a key or a name, none for export.
GOOD_CIPHER = re.compile(r'TLS_(AES_\d+_GCM|CHACHA20_POLY1305)_SHA\d+|EC?DHE-(ECDSA|RSA)-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)')

# What testssl is to find, as it begins. Names that have changed from 3.0 to 3.2 are both there.
FINDINGS = {
    'SSLv2': 'not offered',
    'SSLv3': 'not offered',
    'TLS1': 'not offered',
    'TLS1_1': 'not offered',
    'TLS1_2': 'offered',
    'TLS1_3': 'offered with final',
    'cipherlist_NULL': 'not offered',
    'cipherlist_aNULL': 'not offered',
    'cipherlist_EXPORT': 'not offered',
    'cipherlist_LOW': 'not offered',  # RC4, DES, MD5
    'cipherlist_3DES_IDEA': 'not offered',
    'cipherlist_AVERAGE cipherlist_OBSOLETED': 'not offered',  # CBC
    'cipherlist_STRONG cipherlist_STRONG_FS': 'offered',
    'PFS FS': 'offered',
    'cipher_order': 'server',
    'secure_renego': 'supported',  # RFC 5746
    'secure_client_renego': 'not vulnerable',  # the client cannot have it done
    'fallback_SCSV': 'no protocol below TLS 1.2 offered',
    'heartbleed': 'not vulnerable',
    'CCS': 'not vulnerable',
    'ticketbleed': 'not vulnerable',
    'ROBOT': 'not vulnerable',
    'CRIME_TLS': 'not vulnerable',
    'BREACH': 'not vulnerable',
    'POODLE_SSL': 'not vulnerable',
    'SWEET32': 'not vulnerable',
    'FREAK': 'not vulnerable',
    'DROWN': 'not vulnerable',
    'LOGJAM': 'not vulnerable',
    'LOGJAM-common_primes': 'no DH key',
    'BEAST': 'not vulnerable',
    'LUCKY13': 'not vulnerable',
}


def check(condition, *what):
    if not condition:
        sys.exit('scanners: ' + ' '.join(map(str, what)))


@contextlib.contextmanager
def serving(eddy, place, *args):
    """A server: its port."""
    process = subprocess.Popen([eddy, 'serve', '--tls', '--port', '0', *args, place], stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            match = re.search(r' at https://127.0.0.1:(\d+)/$', line)
            if match:
                yield int(match.group(1))
                break
        check(process.poll() is None, 'the server has ended')
    finally:
        process.kill()
        process.communicate()


def scan(argv):
    result = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
    print(result.stdout, flush=True)


def check_by_sslscan(program, place, port):
    file = os.path.join(place, 'found.xml')
    scan([program, '--no-colour', '--xml=' + file, f'127.0.0.1:{port}'])
    found = xml.etree.ElementTree.parse(file).getroot().find('ssltest')
    versions = {(one.get('type'), one.get('version')): one.get('enabled') for one in found.findall('protocol')}
    check(versions == {('ssl', '2'): '0', ('ssl', '3'): '0', ('tls', '1.0'): '0', ('tls', '1.1'): '0', ('tls', '1.2'): '1',
                       ('tls', '1.3'): '1'}, versions)
    ciphers = [(one.get('sslversion'), one.get('cipher')) for one in found.findall('cipher')]
    check({version for version, _ in ciphers} == {'TLSv1.2', 'TLSv1.3'}, ciphers)
    check(all(GOOD_CIPHER.fullmatch(cipher) for _, cipher in ciphers), ciphers)
    check(found.find('renegotiation').get('supported') == '0', 'a client can renegotiate')
    check(all(one.get('supported') == '0' for one in found.findall('compression')), 'TLS compresses')
    check({one.get('vulnerable') for one in found.findall('heartbleed')} == {'0'}, 'heartbleed')


def check_by_testssl(program, place, port):
    file = os.path.join(place, 'found.json')
    scan([program, '--quiet', '--color', '0', '--warnings', 'off', '--fast', '--nodns', 'none', '--ip', '127.0.0.1',
          '--jsonfile', file, '-p', '-s', '-f', '-P', '-U', f'127.0.0.1:{port}'])
    with open(file, encoding='utf-8') as text:
        list_of_all = json.load(text)
    found = {one['id']: one['finding'].strip() for one in list_of_all}
    for names, expected in FINDINGS.items():
        there = [name for name in names.split() if name in found]
        check(there, 'testssl says nothing of', names)
        for name in there:
            check(found[name].startswith(expected), name + ':', found[name])
    # WARN is of what a scanner's own OpenSSL cannot do.
    bad = [one for one in list_of_all if one['severity'] not in ('OK', 'INFO', 'WARN')]
    check(not bad, bad)


def main():
    eddy, scanner = os.path.abspath(sys.argv[1]), sys.argv[2]
    program = shutil.which(scanner) or skip('no ' + scanner)
    by = {'sslscan': check_by_sslscan, 'testssl': check_by_testssl}[scanner]
    with tempfile.TemporaryDirectory() as place:
        # With a key of RSA there is more that could be wrong.
        certificate = issue(place, 'server', 'IP:127.0.0.1', key=('rsa:2048',))
        with serving(eddy, place, '--cert', certificate.file, '--key', certificate.key) as port:
            by(program, place, port)
        if scanner == 'sslscan':
            with serving(eddy, place) as port:
                by(program, place, port)


if __name__ == '__main__':
    main()
