# make run     installs what is missing, builds, and starts a session with a terminal
# make         builds target/release/offing
# make setup   installs what a build needs
# make test    installs what the tests need, and runs them
# make wlcs    runs the Wayland conformance test suite against the compositor
# make test-viewers   puts viewers of all sorts to use, and prints a table of what each does
# make gallery puts pictures of sessions into target/gallery
# make fuzz    feeds random input to the protocol library, FUZZ_SECONDS for each target
# make ci      all that must pass before a change lands
# make fmt     formats the sources; make doc builds the documentation

# Debian's packages for building, for `make run`, and for the tests.
BUILD := gcc libc6-dev pkg-config libxkbcommon-dev libpixman-1-dev xkb-data
RUN := foot fonts-dejavu-core
TEST := $(RUN) dbus-daemon ffmpeg fuzzel grim gtk-4-examples gvncviewer imagemagick libnotify-bin \
	libvncserver-dev mako-notifier mpv python3-venv strace swaybg swayidle swaylock tigervnc-viewer \
	waybar weston wf-recorder wl-clipboard wlr-randr wofi wtype xclip xdotool xsel xtightvncviewer \
	xvfb
VIEWERS := chromium remmina remmina-plugin-vnc ssvnc vinagre

# The oldest cargo that will do (rust-version in Cargo.toml).
CARGO_VERSION := 1.89

# Viewers in Python and for Node.js, and where they are installed.
PYTHON_VIEWERS := tests/viewers/requirements.txt
VENV := target/venv
NODE_VIEWERS := tests/viewers/package.json
NODE := target/node

# What is fed random input, and for how long.
FUZZ_TARGETS := session handshake clipboard pixel_format encodings diff
FUZZ_SECONDS := 600
CARGO_FUZZ_VERSION := 0.13

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH):$(HOME)/.cargo/bin
export NODE_PATH := $(CURDIR)/$(NODE)/node_modules

APT := $(shell [ "$$(id -u)" = 0 ] || echo sudo) env DEBIAN_FRONTEND=noninteractive apt-get

# Installs those of the packages $(1) that are missing; says nothing if none is.
define install
@if ! command -v dpkg-query >/dev/null; then \
	echo "offing: this is not Debian: see that you have the like of: $(1)"; exit 0; \
fi; \
missing=$$(for package in $(1); do \
	dpkg-query -Wf '$${db:Status-Status}\n' $$package 2>/dev/null | grep -qx installed || echo $$package; \
done); \
[ -z "$$missing" ] || { $(APT) update && $(APT) install -y --no-install-recommends $$missing; }
endef

# Whether cargo is there and recent enough: versions in this order are sorted.
recent_cargo = printf '%s\n' $(CARGO_VERSION) "$$(cargo --version 2>/dev/null | cut -d' ' -f2)" | sort -VC

.PHONY: build run setup cargo test wlcs test-viewers test-tools gallery fuzz fuzz-briefly ci fmt doc

build: setup
	cargo build --release -p offing

run: build
	$(call install,$(RUN))
	cargo run --release --quiet -p offing -- run -- foot

setup: cargo
	$(call install,$(BUILD))

# Debian 12 has a recent cargo as cargo-web, which cannot stand beside another one.
cargo:
	@$(recent_cargo) && exit 0; \
	if ! command -v cargo >/dev/null && command -v apt-get >/dev/null; then \
		$(APT) update; \
		version=$$(apt-cache policy cargo-web | sed -n 's/ *Candidate: //p'); \
		if dpkg --compare-versions "$$version" ge $(CARGO_VERSION); then \
			$(APT) install -y --no-install-recommends cargo-web; \
		fi; \
	fi; \
	$(recent_cargo) || { \
		echo "offing: cargo $(CARGO_VERSION) or newer is needed: install it from https://rustup.rs" >&2; \
		exit 1; \
	}

test: test-tools
	cargo test --workspace

wlcs: setup
	$(call install,wlcs)
	cargo build -p offing-wlcs
	cargo run -p offing-wlcs --bin run-wlcs

test-viewers: test-tools
	$(call install,$(VIEWERS) $(if $(shell command -v npm),,nodejs npm))
	@cmp -s $(NODE_VIEWERS) $(NODE)/installed || { \
		mkdir -p $(NODE) && cp $(NODE_VIEWERS) $(NODE)/package.json && \
		npm install --prefix $(NODE) --no-audit --no-fund && cp $(NODE_VIEWERS) $(NODE)/installed; \
	}
	cargo test -p offing --test e2e decoders -- --include-ignored --nocapture --test-threads 1
	cargo test -p offing --test e2e real_viewers -- --include-ignored
	cargo test -p offing --test e2e process::browsers -- --include-ignored

test-tools: setup
	$(call install,$(TEST))
	@cmp -s $(PYTHON_VIEWERS) $(VENV)/installed || { \
		python3 -m venv $(VENV) && $(VENV)/bin/pip install --quiet -r $(PYTHON_VIEWERS) && \
		cp $(PYTHON_VIEWERS) $(VENV)/installed; \
	}

gallery: test-tools
	cargo build -p offing
	cargo run -p offing-tests --bin gallery -- target/debug/offing target/gallery

# The library has no unsafe code, so that no sanitizer is needed.
fuzz: setup
	$(call install,g++)
	@cargo fuzz --version 2>/dev/null | grep -q ' $(CARGO_FUZZ_VERSION)' || \
		cargo install --quiet --locked cargo-fuzz --version '^$(CARGO_FUZZ_VERSION)'
	cd rfb && for target in $(FUZZ_TARGETS); do \
		cargo fuzz run --sanitizer none $$target -- -max_total_time=$(FUZZ_SECONDS) \
			-timeout=60 -print_final_stats=1 || exit 1; \
	done

fuzz-briefly:
	$(MAKE) fuzz FUZZ_SECONDS=5

# The tests come last, so that the last lines tell how they went; they build the examples too.
# What is done at random is the same each time here: whether a change lands is not left to chance.
ci: test-tools fuzz-briefly wlcs
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
	OFFING_TEST_SEED=1 cargo test --locked --workspace

fmt:
	cargo fmt --all

doc:
	cargo doc --workspace --no-deps
