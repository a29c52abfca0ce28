# Everything is built by meson and ninja; this installs what they need and spares you typing.
#
#   make           build into build/
#   make demo      serve a few hundred images and fetch them all at once, and ask the website of examples/site
#   make test      the whole suite, in every configuration; make test CONFIGS=plain for one
#   make python    build eddyloop, the event loop for Python, into dist/: a wheel for PYTHON=python3
#   make python-wheels   its source distribution and a wheel for each Python that is there, as they are given away
#   make test-python-suites   CPython's own tests, scenarios, and the tests of packages built on asyncio, on both loops, for
#                  each Python that is there, on both backends; the packages come from PyPI
#   make bench     measure eddy beside its peers; make bench ROWS="switch yield" for some rows; NECO=folder and
#                  LIBDILL=folder for these two, which must lie there built; MOVED_GB=10 for longer bodies of HTTP
#   make bench-compare OLD=old.json     what got slower since then, noise and machine taken into account
#   make bench-scale    measure what work costs as it grows; draw docs/plots, plan docs/scaling.md
#   make bench-python   measure eddyloop beside other event loops for Python: see python/bench/README.md; ROWS as above,
#                  PYTHON=python3.13 for another interpreter than python3
#   make instructions   hold the hot paths to their budget of instructions; UPDATE=--update writes it
#   make soak      what takes longer: every use of the system failing in every example, on both backends and with sanitizers,
#                  oha, which is compiled, all cases of Autobahn's, and make fuzz
#   make chaos     durable jobs while workers, machines, connections, clocks and stores fail, for an hour; SEED=1
#   make fuzz      damaged requests to nginx and eddy, which must refuse what nginx does, damaged TLS, forms, content codings, headers,
#                  connections of HTTP/1 and 2, WebSocket frames, URLs, and answers to the client; COUNT=20000 SEED=1
#   make check     clang-format, clang-tidy, cppcheck
#   make install   into PREFIX (/usr/local), or below DESTDIR

BUILD  = build
PREFIX = /usr/local
PYTHON = python3
COUNT  = 20000
SEED   = 1

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	scripts/install-deps.sh build
	meson setup --prefix $(PREFIX) --libdir lib $(BUILD)

demo: all
	scripts/install-deps.sh demo
	scripts/demo.sh $(BUILD)

test:
	scripts/install-deps.sh build test
	scripts/test.sh $(CONFIGS)

python:
	scripts/install-deps.sh build python
	$(PYTHON) -m venv --clear $(BUILD)-wheel
	$(BUILD)-wheel/bin/pip wheel --quiet --no-deps --wheel-dir dist ./python
	@echo "Install it by: pip install $$(ls -t dist/eddyloop-*.whl | head -n 1)"

python-wheels:
	scripts/install-deps.sh build python
	scripts/wheels.sh dist

test-python-suites:
	scripts/install-deps.sh build test test-python
	scripts/test_python.py --proofs

bench: all
	scripts/install-deps.sh bench
	-scripts/install-deps.sh bench-more
	NECO=$(NECO) LIBDILL=$(LIBDILL) MOVED_GB=$(MOVED_GB) python3 bench/run.py --build-dir $(BUILD) $(ROWS)

bench-compare:
	python3 bench/compare.py --build-dir $(BUILD) $(OLD) $(NEW)

bench-scale: all
	scripts/install-deps.sh bench
	python3 bench/scale.py --build-dir $(BUILD) $(QUESTIONS)
	python3 bench/plot.py --build-dir $(BUILD)
	python3 bench/plan.py --build-dir $(BUILD) --into docs/scaling.md

bench-python: all
	scripts/install-deps.sh bench-python
	python3 python/bench/run.py --python $(PYTHON) --build-dir $(BUILD) --json $(BUILD)/bench-python.json $(ROWS)

instructions: all
	scripts/install-deps.sh test
	ninja -C $(BUILD) bench/eddy_operations bench/eddy_operations_http
	python3 bench/instructions.py --build-dir $(BUILD) $(UPDATE)

soak: all
	scripts/install-deps.sh build test
	-scripts/peers.py --oha build-peers
	EDDY_FAULT_RUNS=100000 EDDY_WALKS=10000 EDDY_AUTOBAHN=all scripts/test.sh plain sanitize peers
	$(MAKE) fuzz

chaos: all
	scripts/install-deps.sh test
	meson configure -Dtests=enabled $(BUILD)
	ninja -C $(BUILD) cli/eddy tests/jobs/chaos_worker
	for engine in sqlite redis postgres; do \
	        tests/jobs/chaos/chaos.py $(BUILD)/cli/eddy $(BUILD)/tests/jobs/chaos_worker $$engine 40000 $(SEED) || exit 1; \
	done

fuzz: all
	scripts/install-deps.sh fuzz
	meson configure -Dtests=enabled $(BUILD)
	ninja -C $(BUILD) tests/tls/fuzz_tls tests/http/fuzz_multipart tests/http/fuzz_coding tests/http/fuzz_fields tests/http/fuzz_proxy tests/http/fuzz_exchange \
		tests/http/fuzz_http2 tests/websocket/fuzz_websocket tests/http_client/fuzz_urls tests/http_client/fuzz_answers \
		tests/cli/fuzz_disposition
	$(BUILD)/tests/tls/fuzz_tls $(COUNT) $(SEED)
	$(BUILD)/tests/http/fuzz_multipart $(COUNT)000 $(SEED)
	$(BUILD)/tests/http/fuzz_coding $(COUNT) $(SEED)
	$(BUILD)/tests/http/fuzz_fields $(COUNT)00 $(SEED)
	$(BUILD)/tests/http/fuzz_proxy $(COUNT)00 $(SEED)
	$(BUILD)/tests/http/fuzz_exchange $(COUNT) $(SEED)
	$(BUILD)/tests/http/fuzz_http2 $(COUNT)0 $(SEED)
	$(BUILD)/tests/websocket/fuzz_websocket $(COUNT) $(SEED)
	$(BUILD)/tests/http_client/fuzz_urls $(COUNT)00 $(SEED)
	$(BUILD)/tests/http_client/fuzz_answers $(COUNT) $(SEED)
	$(BUILD)/tests/cli/fuzz_disposition $(COUNT)00 $(SEED)
	EDDY_BACKEND=epoll python3 tests/fuzz/requests.py --count $(COUNT) --seed $(SEED) $(BUILD)/cli/eddy
	EDDY_BACKEND=uring python3 tests/fuzz/requests.py --count $(COUNT) --seed $(SEED) $(BUILD)/cli/eddy

check: all
	scripts/install-deps.sh check
	scripts/check.sh $(BUILD)

install: all
	meson install -C $(BUILD)
	[ -n "$(DESTDIR)" ] || ldconfig || true

clean:
	rm -rf $(BUILD) $(BUILD)-*

.PHONY: all demo test chaos test-python-suites python python-wheels bench bench-compare bench-scale bench-python instructions soak fuzz check install clean

CONFIGS = plain clang sanitize thread valgrind ucontext musl aarch64 python peers
