#!/bin/sh
# What `meson test --wrap` puts before each program.
exec valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
        --suppressions="$(dirname "$0")/valgrind.supp" "$@"
