#!/bin/sh
# Run the whole suite in the configurations that are named, in plain where none is:
#
#     scripts/test.sh [plain] [clang] [sanitize] [thread] [valgrind] [ucontext] [musl] [aarch64] [python] [peers]
#
# The last lines name what failed and why tests were skipped, and sum up all runs. Each configuration keeps its build folder, build-NAME;
# valgrind and peers run what plain has built, and python has a folder for each version. EDDY_FAULT_RUNS is how many uses of the system fail, one at a time, in each example; by default
# 150 in the first run, and a sample in the others.
set -u

passed=0 failed=0 skipped=0 failures= skips= built_as=
fault_runs=${EDDY_FAULT_RUNS:-150}
# What needs things from registries is run by `peers` alone, which fetches them.
left_out="--no-suite fetched"
# More than there are processors, for many tests only wait.
at_once=$((2 * $(nproc)))

# Configure, build and run with each backend: run NAME "SETUP OPTIONS" "TEST OPTIONS" [BACKEND]...
run() {
        name=$1 setup=$2 options=$3 folder=build-${built_as:-$1}
        shift 3
        announce "$name"
        if [ ! -f "$folder/build.ninja" ]; then
                # shellcheck disable=SC2086
                meson setup -Dtests=enabled $setup "$folder" >"$folder.log" 2>&1 || {
                        cat "$folder.log"
                        rm -rf "$folder"
                        fail "does not configure"
                        return
                }
                rm -f "$folder.log"
        fi
        case $options in
        *--suite*)
                # meson itself builds what these need.
                build= ;;
        *)
                build=--no-rebuild
                if ! ninja -C "$folder" all meson-test-prereq >"$folder/build.log" 2>&1; then
                        grep -A5 -E ' error: |^FAILED' "$folder/build.log" | head -60
                        fail "does not build"
                        return
                fi
                say_time "built" ;;
        esac
        for backend in "${@:-}"; do
                run_tests "$backend"
                say_time "tested"
        done
}

# Run the tests: with a backend, or "": with what they get.
run_tests() {
        if [ -n "$1" ]; then
                announce "$name, $1"
                if ! EDDY_BACKEND=$1 "$folder/examples/example_print_sum" >/dev/null 2>&1; then
                        echo "skipped: this system has no $1"
                        skipped=$((skipped + 1))
                        return
                fi
                export EDDY_BACKEND="$1"
        else
                unset EDDY_BACKEND
        fi
        # shellcheck disable=SC2086
        EDDY_FAULT_RUNS=$fault_runs meson test -C "$folder" $build --num-processes "$at_once" \
                --print-errorlogs $left_out $options 2>&1 | tee "$folder/test.log" | grep -vE '^(ninja|>>>|$|\[[0-9]+/)'
        passed=$((passed + $(count Ok "$folder")))
        skipped=$((skipped + $(count Skipped "$folder")))
        failed=$((failed + $(count Fail "$folder") + $(count Timeout "$folder")))
        failures=$failures$(sed -n '/^Summary of Failures/,/^Ok:/s/^ *[0-9].*/\n&/p' "$folder/test.log")
        note_skips <"$(sed -n 's/^Full log written to //p' "$folder/test.log")"
        grep -q '^Ok:' "$folder/test.log" || fail "the run did not end"
        fault_runs=${EDDY_FAULT_RUNS:-10}
}

# Run what tests eddyloop, which sums up as this does.
run_python() {
        announce python
        mkdir -p build-python
        python3 scripts/test_python.py 2>&1 | tee build-python/test.log
        if ! sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' build-python/test.log | tail -n 1) ||
                [ -z "$sum" ]; then
                fail "the run did not end"
                return
        fi
        failures=$failures$(sed -n 's/^failed: /\n/p' build-python/test.log)
        # shellcheck disable=SC2086
        set -- $sum
        passed=$((passed + $1)) failed=$((failed + $3)) skipped=$((skipped + $5))
        say_time "tested"
}

# Keep the sentences of what was skipped, for the end.
note_skips() {
        sentences=$(sed -n 's/^skipped: //p' | sort -u)
        [ -z "$sentences" ] || skips="$skips
== $name
$sentences"
}

# Begin a part, in the output and in the list of what failed.
announce() {
        printf '\n== %s\n' "$1"
        failures="$failures
== $1"
}

since=$(date +%s)
say_time() {
        now=$(date +%s)
        echo "$1 in $((now - since)) s"
        since=$now
}

fail() {
        failed=$((failed + 1))
        failures="$failures
$1"
}

# The kernel's headers, which musl-gcc does not look for, in a folder without the other C library's.
kernel_headers() {
        mkdir -p "$1"
        for folder in linux asm asm-generic; do
                for place in /usr/include /usr/include/"$(gcc -print-multiarch)"; do
                        [ ! -d "$place/$folder" ] || ln -sfn "$place/$folder" "$1/$folder"
                done
        done
}

count() {
        n=$(sed -n "s/^$1: *\([0-9]*\).*/\1/p" "$2/test.log")
        echo "${n:-0}"
}

for config in "${@:-plain}"; do
        case $config in
        plain)
                run plain "--werror" "" epoll uring ;;
        clang)
                # What programs of others make of it is no question of the compiler.
                CC=clang run clang "--werror" "--no-suite peers" ;;
        sanitize)
                export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
                run sanitize "-Db_sanitize=address,undefined -Db_lundef=false" "--timeout-multiplier 3" epoll uring ;;
        thread)
                # Where threads meet: the loop's inbox, the helper threads, and what stands on them.
                run thread "-Db_sanitize=thread -Db_lundef=false" \
                        "--timeout-multiplier 5 --suite loop --suite transport --suite net --suite executor --suite thread --suite stream --suite task \
                        --suite sync --suite file --suite child --suite process --suite jobs-contract --suite jobs-programs" ;;
        valgrind)
                # The examples are run by a script and the command by another: only programs are wrapped here.
                built_as=plain
                run valgrind "--werror" "--timeout-multiplier 20 --suite base --suite loop --suite coro \
                        --suite task --suite sync --suite transport --suite net --suite stream --suite executor --suite thread --suite file --suite child --suite process \
                        --suite redis --suite postgres --suite tls --suite jobs-programs \
                        --wrap=$(pwd)/scripts/valgrind.sh"
                export EDDY_TEST_WRAPPER="$(pwd)/scripts/valgrind.sh"
                run valgrind "--werror" "--timeout-multiplier 20 --suite jobs-contract"
                unset EDDY_TEST_WRAPPER
                built_as= ;;
        ucontext)
                # Another way to switch: what switches, and no adapter.
                run ucontext "-Ducontext=true -Dhttp=disabled -Dhttp_client=disabled -Dredis=disabled \
                        -Dpostgres=disabled -Dtls=disabled -Dwebsocket=disabled -Djobs=disabled --werror" \
                        "--suite coro --suite loop --suite task --suite sync --suite net --suite stream --suite executor --suite thread --suite file \
                        --suite child --suite process --suite interruption --suite examples" ;;
        musl)
                # cmocka and the libraries of others are of the other C library: the core, and the examples.
                if scripts/install-deps.sh musl; then
                        kernel_headers build-musl-kernel
                        CC=musl-gcc run musl "-Dtests=disabled -During=disabled -Dhttp=disabled \
                                -Dhttp_client=disabled -Dredis=disabled -Dpostgres=disabled -Dtls=disabled -Dwebsocket=disabled -Djobs=disabled \
                                -Dbridges=disabled -Dc_args=-isystem$(pwd)/build-musl-kernel" ""
                else
                        skipped=$((skipped + 1))
                        echo "skipped: no musl-gcc could be installed"
                fi ;;
        aarch64)
                if scripts/install-deps.sh aarch64; then
                        EDDY_EXE_WRAPPER=qemu-aarch64 run aarch64 "--cross-file scripts/aarch64.ini" \
                                "--timeout-multiplier 5"
                else
                        skipped=$((skipped + 1))
                        echo "skipped: no cross compiler and emulator for aarch64 could be installed"
                fi ;;
        python)
                # eddyloop, for each Python that has its headers; what is lacking is skipped by name.
                scripts/install-deps.sh test-python
                run_python ;;
        peers)
                # Programs of others, and suites that judge. What comes from registries is fetched first.
                scripts/install-deps.sh peers
                mkdir -p build-peers
                name=peers
                python3 scripts/peers.py build-peers | tee build-peers/fetched.log
                note_skips <build-peers/fetched.log
                say_time "fetched"
                built_as=plain left_out=
                EDDY_PEERS=$(pwd)/build-peers run peers "--werror" "--suite peers"
                built_as= left_out="--no-suite fetched" ;;
        *)
                echo "test.sh: unknown configuration '$config'" >&2
                exit 2 ;;
        esac
done

[ -z "$skips" ] || printf '\nSkipped, by configuration:%s\n' "$skips"
[ "$failed" = 0 ] || printf '\nFailures, by configuration:%s\n' "$failures"
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
