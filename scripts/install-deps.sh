#!/bin/sh
# Install what is missing for a purpose, through the system's package manager, saying so first:
#
#     scripts/install-deps.sh build|demo|test|musl|aarch64|python|test-python|peers|bench|bench-more|bench-python|fuzz|check ...
#
# Where everything is there it says nothing and asks nobody. What releases of Debian and Ubuntu call differently has
# several names, a|b: the first that the system knows is installed.
set -eu

packages_for() {
        case $1 in
        build) echo gcc libc6-dev meson ninja-build pkg-config python3 \
                liburing-dev libcurl4-openssl-dev 'libllhttp-dev|node-llhttp' libnghttp2-dev libhiredis-dev libssl-dev libpq-dev libc-ares-dev \
                zlib1g-dev libbrotli-dev libzstd-dev libjansson-dev libsqlite3-dev 'libcrypt-dev|libc6-dev' ;;
        demo) echo curl ;;
        test) echo libcmocka-dev g++ clang 'libclang-rt-dev|libclang-rt-14-dev' valgrind mandoc curl nghttp2-client openssl redis-server postgresql pgbouncer faketime iproute2 nginx-light haproxy h2o slowhttptest sslscan testssl.sh gnutls-bin python3-websockets python3-redis python3-asyncpg ;;
        musl) echo musl-tools linux-libc-dev ;;
        aarch64) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user libcmocka-dev:arm64 ;;
        python) echo python3-dev python3-venv ;;
        test-python) echo python3-dev python3-dbg python3-venv python3-mesonpy python3-build ;;
        peers) echo curl nghttp2-client openssl python3-websockets python3-venv wrk chromium chromium-driver golang-go nodejs npm ;;
        bench) echo g++ golang-go libuv1-dev libev-dev libst-dev libboost-context-dev nginx-light libnginx-mod-stream haproxy wrk curl nghttp2-client openssl \
                libjansson-dev redis-server postgresql python3-venv ;;
        bench-more) echo nodejs npm strace aria2 wget2 curl nginx-light ;;
        bench-python) echo python3-dev python3-venv openssl ;;
        fuzz) echo nginx-light libcmocka-dev ;;
        check) echo clang-format clang-tidy cppcheck ;;
        *)
                echo "install-deps: unknown purpose '$1'" >&2
                exit 2
                ;;
        esac
}

# A program that was installed in another way will do as well as its package.
is_there() {
        case $1 in
        gcc | meson | clang | mandoc | curl | openssl | valgrind | redis-server | sslscan | clang-format | clang-tidy | cppcheck | wrk | g++ | strace | chromium | npm | wget2)
                command -v "$1" >/dev/null && return ;;
        aria2) command -v aria2c >/dev/null && return ;;
        iproute2) command -v ip >/dev/null && return ;;
        testssl.sh) command -v testssl >/dev/null && return ;;
        nginx-light) command -v nginx >/dev/null && return ;;
        ninja-build) command -v ninja >/dev/null && return ;;
        pkg-config) command -v pkg-config >/dev/null && return ;;
        python3) command -v python3 >/dev/null && return ;;
        nghttp2-client) command -v h2load >/dev/null && return ;;
        libjansson-dev) pkg-config --exists jansson 2>/dev/null && return ;;
        nodejs) command -v node >/dev/null && return ;;
        chromium-driver) command -v chromedriver >/dev/null && return ;;
        liburing-dev) pkg-config --exists liburing 2>/dev/null && return ;;
        golang-go) command -v go >/dev/null && return ;;
        libcurl4-openssl-dev) pkg-config --exists libcurl 2>/dev/null && return ;;
        libllhttp-dev*)
                # node-llhttp will do only where it has the C sources, which later releases leave to the library.
                pkg-config --exists libllhttp 2>/dev/null || [ -f /usr/share/llhttp/llhttp.c ]
                return ;;
        libnghttp2-dev) pkg-config --exists libnghttp2 2>/dev/null && return ;;
        libhiredis-dev) pkg-config --exists hiredis 2>/dev/null && return ;;
        libssl-dev) pkg-config --exists openssl 2>/dev/null && return ;;
        libc-ares-dev) pkg-config --exists libcares 2>/dev/null && return ;;
        zlib1g-dev) pkg-config --exists zlib 2>/dev/null && return ;;
        libbrotli-dev) pkg-config --exists libbrotlienc libbrotlidec 2>/dev/null && return ;;
        libzstd-dev) pkg-config --exists libzstd 2>/dev/null && return ;;
        libsqlite3-dev) pkg-config --exists sqlite3 2>/dev/null && return ;;
        libpq-dev) pkg-config --exists libpq 2>/dev/null && return ;;
        postgresql)
                command -v initdb >/dev/null && return
                ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && return ;;
        libcmocka-dev) pkg-config --exists cmocka 2>/dev/null && return ;;
        esac
        for name in $(names_of "$1"); do
                dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' && return
        done
        return 1
}

names_of() {
        echo "$1" | tr '|' ' '
}

# Of a package's names, the one that this system has a package for.
choose_name() {
        for name in $(names_of "$1"); do
                if apt-cache show "$name" >/dev/null 2>&1; then
                        echo "$name"
                        return
                fi
        done
        echo "$name"
}

missing=
for purpose; do
        for package in $(packages_for "$purpose"); do
                is_there "$package" || missing="$missing $package"
        done
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
        echo "eddy needs the following, which this script can install on Debian and its kin only:$missing" >&2
        exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
        sudo=sudo
fi
echo "eddy needs packages that are not installed. Installing them with apt-get:$missing"
case $missing in
*:arm64*) $sudo dpkg --add-architecture arm64 ;;
esac
patience='-o Acquire::Retries=3 -o DPkg::Lock::Timeout=300'
# shellcheck disable=SC2086
$sudo apt-get $patience update -qq
chosen=
for package in $missing; do
        chosen="$chosen $(choose_name "$package")"
done
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get $patience install -qq -y --no-install-recommends $chosen
