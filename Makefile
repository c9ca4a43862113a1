# ConvScope: "make run" serves the app, "make test" runs the tests of each landing. Both set up what they need.

PORT ?= 8501
ARGS ?=

VENV   := .venv
VPY    := $(VENV)/bin/python
MADE   := $(VENV)/.made
INSTALLED     := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

# TensorFlow has no builds for Python 3.14 and later.
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON   ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUITABLE)' 2> /dev/null && echo $$python && break; done)

# Shell: prints what to put before a command that needs root; prints nothing where that needs a password.
AS_ROOT := if [ "$$(id -u)" = 0 ]; then echo env; elif sudo -n true > /dev/null 2>&1; then echo sudo -n env; fi

# Shell: $(call apt_install,PACKAGES) installs Debian packages, or fails where it may not.
define apt_install
	command -v apt-get > /dev/null && as_root=$$($(AS_ROOT)) && [ -n "$$as_root" ] \
		&& echo "Installing $(1)." \
		&& { $$as_root apt-get -q update || true; } \
		&& $$as_root DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $(1)
endef

CHROMIUM_NAMES := chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable
PLAYWRIGHTS_OWN := import os, sys; from playwright.sync_api import sync_playwright as start; \
	play = start().start(); path = play.chromium.executable_path; play.stop(); \
	sys.exit(not os.path.exists(path))

# What takes seconds runs on every core. All tests together run two at a time: more would
# open browsers and train beside each other. A file stays together: it shares a server.
# tests/turns.py puts the longest files first, so that no process is left alone with one at the end.
FILES := --dist loadfile --no-loadscope-reorder
FAST  := -m "not slow and not browser" -n logical --maxprocesses 4 $(FILES)
ALL   := -n 2 $(FILES)

PROXIES := nginx caddy

# Where JavaScript lies; .oxlintrc.json and .oxfmtrc.json say how it is written.
SCRIPTS := assets tests/javascript

.PHONY: help
help:
	@echo "make run        serve the app on port $(PORT)   (make run PORT=9000 for another)"
	@echo "make test       the tests of each landing, those in a real Chromium too   (ARGS=... for pytest)"
	@echo "make test-long  the same and the long ones, each kind of random case repeated at length"
	@echo "make test-faults  processes killed, disks full, files cut, in many random rounds; a table at the end"
	@echo "make test-fuzz  ten thousand cases of bad input: links, messages, images, projects, logs"
	@echo "make test-unit  the tests that take seconds"
	@echo "make lint       format, lint and types"
	@echo "make format     put the code in the format that lint expects"
	@echo "make bench      measure the speed figures of the README"
	@echo "make dev        serve the app, watch its files, show errors in the browser"
	@echo "make clean      remove what these commands made, .venv included"

.PHONY: run
run: $(INSTALLED)
	@$(VPY) -c "import socket as s; u = s.socket(s.AF_INET, s.SOCK_DGRAM); \
		u.connect_ex(('192.0.2.1', 1)); host = u.getsockname()[0]; \
		print('ConvScope: http://localhost:$(PORT)' + \
		('' if host == '0.0.0.0' else f'   from other devices: http://{host}:$(PORT)'))"
	@# Streamlit's own greeting would ask a server on the internet for this machine's address.
	@STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE=true \
		$(VPY) -m streamlit run app.py --server.port $(PORT)

.PHONY: dev
dev: $(INSTALLED)
	$(VPY) -m streamlit run app.py --server.port $(PORT) --server.fileWatcherType auto \
		--server.runOnSave true --client.showErrorDetails full --client.toolbarMode developer

.PHONY: test
test: $(INSTALLED_DEV) browser
ifeq ($(ARGS),)
	$(VPY) -m pytest $(ALL)
else
	$(VPY) -m pytest $(ARGS)
endif

.PHONY: test-long
test-long: $(INSTALLED_DEV) browser proxies
	$(VPY) -m pytest $(ALL) --long $(ARGS)

# ARGS="--seed 7" for other rounds. "make test-faults SHORT=1" has a round or two of each kind.
.PHONY: test-faults
test-faults: $(INSTALLED_DEV)
	$(VPY) -m pytest tests/faults -n 0 --long $(if $(SHORT),,--in-full) $(ARGS)

.PHONY: test-fuzz
test-fuzz: $(INSTALLED_DEV)
	$(VPY) -m pytest tests/fuzz -n 0 $(if $(SHORT),,--in-full) $(ARGS)

.PHONY: test-unit
test-unit: $(INSTALLED_DEV)
	$(VPY) -m pytest $(FAST) $(ARGS)

.PHONY: lint
lint: $(INSTALLED_DEV)
	$(VPY) -m ruff format --check .
	$(VPY) -m ruff check .
	$(VPY) -m mypy -p cnn_core
	$(VENV)/bin/oxfmt --check $(SCRIPTS)
	$(VENV)/bin/oxlint --deny-warnings $(SCRIPTS)

.PHONY: format
format: $(INSTALLED_DEV)
	$(VPY) -m ruff check --fix .
	$(VPY) -m ruff format .
	$(VENV)/bin/oxlint --fix $(SCRIPTS)
	$(VENV)/bin/oxfmt --write $(SCRIPTS)

.PHONY: bench
bench: $(INSTALLED_DEV) browser
	$(VPY) -m bench $(ARGS)

.PHONY: clean
clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build screenshots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The browser tests take $CONVSCOPE_CHROMIUM, a Chromium on the PATH, or Playwright's own. Debian's build
# without windows comes first: the tests take a fifth less time in it.
.PHONY: browser
browser: $(INSTALLED_DEV)
	@if [ -n "$$CONVSCOPE_CHROMIUM" ]; then exit 0; fi; \
	for name in $(CHROMIUM_NAMES); do command -v $$name > /dev/null && exit 0; done; \
	$(VPY) -c "$(PLAYWRIGHTS_OWN)" 2> /dev/null && exit 0; \
	for package in chromium-headless-shell chromium; do \
		$(call apt_install,$$package fonts-noto-cjk) && exit 0; done; \
	if grep -qs '^ID=debian' /etc/os-release; \
	then echo "The browser tests need Chromium. Install it with: sudo apt-get install chromium-headless-shell"; \
	else echo "The browser tests need Chromium. Install it with: $(VPY) -m playwright install chromium"; fi

# What the long tests put before two servers; without them those tests are skipped, and say so.
.PHONY: proxies
proxies:
	@for name in $(PROXIES); do PATH="$$PATH:/usr/sbin" command -v $$name > /dev/null || missing="$$missing $$name"; done; \
	[ -z "$$missing" ] || { $(call apt_install,$$missing); } || echo "Tests through$$missing are skipped: not installed."

$(MADE):
	@set -e; if ! $(VPY) -m pip --version > /dev/null 2>&1; then \
		if [ -z "$(PYTHON)" ]; then \
			echo "ConvScope needs Python 3.11, 3.12 or 3.13, and none was found. Name one with: make PYTHON=/path/to/python3.11" >&2; exit 1; fi; \
		if ! $(PYTHON) -c '$(SUITABLE)' 2> /dev/null; then \
			echo "ConvScope needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) -V 2> /dev/null || echo no program)." >&2; exit 1; fi; \
		package=$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
		if ! $(PYTHON) -c 'import ensurepip' 2> /dev/null && ! { $(call apt_install,$$package); }; then \
			echo "$(PYTHON) cannot make a virtual environment. Install one package first: sudo apt-get install $$package" >&2; exit 1; fi; \
		echo "Making a virtual environment in $(VENV) with $$($(PYTHON) -V)."; \
		$(PYTHON) -m venv --clear $(VENV); fi
	@touch $@

$(INSTALLED): $(MADE) requirements.txt constraints.txt
	@echo "Installing what ConvScope needs; the first time this takes a minute or two."
	@$(VPY) -m pip install --disable-pip-version-check -q -r requirements.txt
	@touch $@

$(INSTALLED_DEV): $(INSTALLED) requirements-dev.txt
	@$(VPY) -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	@touch $@
