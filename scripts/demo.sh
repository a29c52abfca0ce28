#!/bin/sh
# Serve a folder of images and fetch them all at once, with two commands of eddy; then a website, asked as a program asks it:
# scripts/demo.sh BUILD_DIR
set -eu

eddy=$(cd "${1:-build}" && pwd)/cli/eddy
site=$(cd "${1:-build}" && pwd)/examples/site/site
count=300
jobs=64

if [ ! -x "$eddy" ]; then
        echo "demo: there is no $eddy; build it first, with libcurl and llhttp installed" >&2
        exit 1
fi
# A proxy knows nothing of this machine's loopback.
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY || true

place=$(mktemp -d)
server=
tidy() {
        if [ -n "$server" ]; then
                kill "$server" 2>/dev/null || true
        fi
        rm -rf "$place"
}
trap tidy EXIT
trap 'exit 130' INT TERM

say() {
        printf '\n\033[1m%s\033[0m\n' "$*"
}

say "Making $count images (PPM, 10 to 200 kB)"
mkdir "$place/site" "$place/got"
i=0
while [ "$i" -lt "$count" ]; do
        width=$((64 + i * 7 % 193))
        height=$((56 + i * 13 % 201))
        name=$(printf 'image-%03d.ppm' "$i")
        {
                printf 'P6\n%d %d\n255\n' "$width" "$height"
                head -c $((width * height * 3)) /dev/urandom
        } >"$place/site/$name"
        i=$((i + 1))
done
du -sh "$place/site" | cut -f 1

say "eddy serve"
mkfifo "$place/address"
"$eddy" serve --port 0 "$place/site" >"$place/address" &
server=$!
read -r line <"$place/address"
echo "$line"
url=${line##* at }
for image in "$place"/site/*; do
        echo "$url${image##*/}"
done >"$place/urls"

say "eddy fetch: all of them, $jobs at a time"
"$eddy" fetch -j $jobs -o "$place/got" -i "$place/urls" | sed -e '4,$ { $!d; }' -e '3 a ...'

say "Is every byte right?"
diff -r "$place/site" "$place/got"
echo "yes: $(ls "$place/got" | wc -l) files, all the same"

say "Once more into the same folder: nothing is overwritten"
"$eddy" fetch -j $jobs -o "$place/got" -i "$place/urls" | sed -n -e '1,2p' -e '$p'
for image in "$place"/site/*; do
        name=${image##*/}
        cmp "$image" "$place/got/$name"
        cmp "$image" "$place/got/${name%.ppm}-1.ppm"
done
echo "$(ls "$place/got" | wc -l) files now: each image twice"

say "And with --skip-existing: nothing to do"
"$eddy" fetch -j $jobs --skip-existing -o "$place/got" -i "$place/urls" | tail -n 1

say "A page that is not there, and one outside the folder"
"$eddy" fetch --retry 0 -o "$place/got" "${url}none.ppm" "${url}%2e%2e/urls" || echo "exit code $?"

say "SIGTERM to the server"
kill -TERM "$server"
wait "$server"
echo "it has ended with exit code $?"
server=

if [ ! -x "$site" ] || ! command -v curl >/dev/null; then
        say "The website of examples/site is left out: it needs jansson, OpenSSL, libeddy-websocket, and SQLite or libpq; and curl, to be asked"
        exit 0
fi

say "A website of some two thousand lines: examples/site"
mkfifo "$place/where"
"$site" --port 0 --data "$place/data" >"$place/where" &
server=$!
read -r line <"$place/where"
echo "$line"
url=${line%%/,*}

ask() {
        path=$1
        shift
        curl --silent --show-error --noproxy '*' --max-time 30 --cookie "$place/cookies" --cookie-jar "$place/cookies" "$@" "$url$path"
}
token() {
        ask /api/session | sed 's/.*"token":"\([0-9a-f]*\)".*/\1/'
}
for page in / /notes /pictures /chat /live /nothing; do
        ask "$page" --output "$place/page" --write-out "%{http_code}  $page  "
        sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' "$place/page"
done

say "Sign in, and leave a note as JSON"
ask /login --data-urlencode "token=$(token)" --data-urlencode "name=Ada" --output "$place/page"
ask /api/notes --header "X-Token: $(token)" --header 'Content-Type: application/json' --data '{"text": "a < b, said by a program"}' --output "$place/page"
ask /api/notes
echo

say "The same from a page of another site"
ask /notes --header "Origin: http://evil.example" --data-urlencode "token=$(token)" --data "text=evil" --output "$place/page" \
        --write-out '%{http_code}\n'

say "What its tasks are doing, until SIGTERM ends the site"
: >"$place/events"
ask /live/events --no-buffer >>"$place/events" &
reader=$!
while ! grep -q '^data: ' "$place/events"; do
        kill -0 "$reader"
        sleep 0.05
done
kill -TERM "$server"
wait "$reader"
sed -n '/^data: /{p;q;}' "$place/events"
wait "$server"
echo "it has ended with exit code $?"
server=
say "Look at it yourself: $site, and then http://localhost:8080/"
