#!/bin/sh
# Layout and static analysis: scripts/check.sh BUILD_DIR
set -u
status=0
sources=$(git ls-files '*.c' '*.h')

echo "clang-format"
# shellcheck disable=SC2086
clang-format --dry-run --Werror $sources || status=1
echo "clang-tidy"
# shellcheck disable=SC2046
clang-tidy --quiet -p "$1" $(git ls-files 'src/*.c' 'cli/*.c' | grep -v -e aarch64 -e ucontext -e fault) 2>/dev/null || status=1
echo "cppcheck"
cppcheck --quiet --enable=warning,portability --inline-suppr --error-exitcode=1 -I include -I src \
        --suppress=missingInclude --suppress=uninitvar --suppress=ctuuninitvar src cli examples || status=1
exit $status
