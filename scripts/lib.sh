# Functions that the scripts here share. Sourced, not run.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# nginx and haproxy live in sbin, which is not on everybody's path.
PATH="$PATH:/usr/sbin:/sbin"
# Where swift build puts what it makes. The scripts' own runtime state is below .run.
scratch="${SLUICE_SCRATCH:-$root/.build}"

say() { printf '%s\n' "$*"; }
step() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# need COMMAND-or-pkg:NAME=PACKAGE …: installs the packages whose command (or pkg-config module) is missing.
need() {
    local pair wanted=()
    for pair in "$@"; do
        case "$pair" in
            pkg:*) pkg-config --exists "$(cut -d= -f1 <<<"${pair#pkg:}")" 2>/dev/null || wanted+=("${pair##*=}") ;;
            file:*) compgen -G "$(cut -d= -f1 <<<"${pair#file:}")" >/dev/null || wanted+=("${pair##*=}") ;;
            *) command -v "${pair%%=*}" >/dev/null || wanted+=("${pair##*=}") ;;
        esac
    done
    [ ${#wanted[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "missing: ${wanted[*]}. This machine has no apt-get; install them by hand."
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "missing: ${wanted[*]}. Run as root: apt-get install ${wanted[*]}"
        as_root=(sudo)
    fi
    step "installing ${wanted[*]}"
    # A policy-rc.d of 101 keeps Debian from starting the servers it installs: these scripts start their own.
    local policy=/usr/sbin/policy-rc.d made=false
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod +x "$policy"
        made=true
    fi
    local failed=false
    { "${as_root[@]}" apt-get update -q &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${wanted[@]}"; } \
        >&2 </dev/null || failed=true
    if $made; then "${as_root[@]}" rm -f "$policy"; fi
    ! $failed || die "apt-get could not install ${wanted[*]}; its message is above"
}

# What `swift build` links against, and the toolchain itself.
need_swift() {
    command -v swift >/dev/null || die "no swift on the PATH. Install Swift 6.2 or later: https://www.swift.org/install"
    need pkg-config=pkg-config
    need pkg:hiredis=libhiredis-dev pkg:libcrypto=libssl-dev pkg:libnghttp2=libnghttp2-dev pkg:zlib=zlib1g-dev file:/usr/include/crypt.h=libcrypt-dev
    need pkg:libbrotlienc=libbrotli-dev pkg:libzstd=libzstd-dev pkg:libxml-2.0=libxml2-dev
}

# build CONFIGURATION: builds both executables; sets $sluice and $demo_upstream unless SLUICE_BIN, DEMO_UPSTREAM_BIN are.
build() {
    sluice="${SLUICE_BIN:-}"
    demo_upstream="${DEMO_UPSTREAM_BIN:-}"
    [ -z "$sluice" ] || [ -z "$demo_upstream" ] || return 0
    need_swift
    step "swift build -c $1 (the first time takes some minutes)"
    local options=(--package-path "$root" --scratch-path "$scratch" -c "$1") product
    # Calls into the runtime then need no jump table, and accesses to memory that debug builds and tests have proven exclusive
    # are not checked again: a tenth of the instructions per request each.
    [ "$1" != release ] || options+=(--static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked)
    for product in sluice demo-upstream; do
        swift build "${options[@]}" --product "$product" >&2 || die "swift build failed; its message is above"
    done
    local bin
    bin="$(swift build "${options[@]}" --show-bin-path)"
    sluice="${sluice:-$bin/sluice}"
    demo_upstream="${demo_upstream:-$bin/demo-upstream}"
}

is_busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port VARIABLE [PREFERRED]: a port nobody listens on, given out once in a run; below the range the kernel
# takes client ports from.
taken_ports=" "
free_port() {
    local candidate="${2:-$((RANDOM % 12000 + 20000))}"
    while [[ "$taken_ports" == *" $candidate "* ]] || is_busy "$candidate"; do
        candidate=$((RANDOM % 12000 + 20000))
    done
    taken_ports+="$candidate "
    printf -v "$1" %s "$candidate"
}

# A process is known by its pid and the tick it started at, so that a pid used anew is never taken for ours.
# Nothing for one that has ended, also while nobody has collected its status (a zombie).
started_at() {
    local stat
    stat="$(cat "/proc/$1/stat" 2>/dev/null)" || return 1
    stat="${stat##*) }"
    [ "${stat:0:1}" != Z ] && cut -d' ' -f20 <<<"$stat"
}

# start DIRECTORY NAME COMMAND…: runs it in the background, with NAME.pid and NAME.log in DIRECTORY, deaf to Ctrl-C.
start() {
    local directory="$1" name="$2"
    shift 2
    setsid "$@" >>"$directory/$name.log" 2>&1 </dev/null &
    echo "$! $(started_at $!)" >"$directory/$name.pid"
}

# runs DIRECTORY NAME: whether the process of NAME.pid is alive; sets $pid.
runs() {
    local tick
    read -r pid tick 2>/dev/null <"$1/$2.pid" || return 1
    [ -n "$tick" ] && [ "$(started_at "$pid")" = "$tick" ]
}

# stop DIRECTORY NAME: SIGTERM, then SIGKILL after ten seconds.
stop() {
    local waited=0
    if runs "$1" "$2"; then
        kill "$pid" 2>/dev/null || true
        while runs "$1" "$2" && [ $((waited += 1)) -lt 100 ]; do sleep 0.1; done
        if runs "$1" "$2"; then kill -9 "$pid" 2>/dev/null || true; fi
    fi
    rm -f "$1/$2.pid"
}

# wait_until SECONDS DIRECTORY NAME COMMAND…: until the command succeeds; shows NAME's log if its process ends first.
wait_until() {
    local tries=$(($1 * 10)) directory="$2" name="$3"
    shift 3
    until "$@" >/dev/null 2>&1; do
        if ! runs "$directory" "$name" || [ $((tries -= 1)) -le 0 ]; then
            tail -n 15 "$directory/$name.log" >&2
            die "$name did not become ready ($*); its log is above, whole in $directory/$name.log"
        fi
        sleep 0.1
    done
}
