# Sourced by quickstart and check: what the machine must have, and how it comes there. POSIX sh.

# To build and run the program on Fashion-MNIST.
build_packages="g++ cmake ninja-build ccache libxtensor-dev libxtensor-blas-dev libopenblas-dev libtbb-dev libdnnl-dev
libcli11-dev nlohmann-json3-dev libfmt-dev libxxhash-dev zlib1g-dev libpng-dev libjpeg62-turbo-dev libspng-dev libkainjow-mustache-dev
libjs-chart.js dataset-fashion-mnist"
# To build and run every test besides. "A|B": the first of them that apt knows. Where there is no clang-format-14, it
# comes from PyPI into an environment under build/ (cmake/lints/clang_format.cmake).
test_packages="libboost-test-dev clang-format-14|python3-venv python3-venv python3-dev doxygen dpkg-dev pkg-config libtorch-dev python3-torch
python3-torchvision python3-numpy python3-matplotlib slurmctld slurmd slurm-client munge iproute2 openmpi-bin libopenmpi-dev"

# apt and dpkg are read below, so they must speak English.
LC_ALL=C
export LC_ALL

say() { printf '%s\n' "$*"; }
# One sentence, on stderr, and the end.
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# alternatives WORD: A|B|C as words of their own.
alternatives() { printf '%s' "$1" | tr '|' ' '; }

is_installed() {
    state=$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) || state=absent
    [ "$state" = installed ]
}
is_known() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }

# words_without PREDICATE LIST: the words of the list none of whose alternatives is so, on one line.
words_without() {
    for word in $2; do
        found=""
        for package in $(alternatives "$word"); do
            ! "$1" "$package" || found=1
        done
        [ -n "$found" ] || printf '%s ' "$word"
    done
}
missing_of() { words_without is_installed "$1"; }
unknown_of() { words_without is_known "$1"; }

# chosen_of LIST: for each word the first alternative that apt knows, on one line.
chosen_of() {
    for word in $1; do
        for package in $(alternatives "$word"); do
            if is_known "$package"; then
                printf '%s ' "$package"
                break
            fi
        done
    done
}

# Runs apt-get as root, without a question; what it says goes to the log.
as_root_apt() {
    if [ "$(id -u)" -eq 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >>"$setup_log" 2>&1
    else
        sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >>"$setup_log" 2>&1
    fi
}

# The last thing that apt complained of, for an error's sentence.
complaint() { grep -E '^(E|W):' "$setup_log" | tail -n 1; }

# update_lists: fresh package lists.
update_lists() {
    say "Reading the package lists (apt-get update)."
    as_root_apt update ||
        die "apt-get update failed; is there a network? $(complaint) (all of it: $setup_log)"
}

# set_up LIST: installs the packages of the list that are missing, and says which.
set_up() {
    [ -z "${LIPT_SKIP_SETUP:-}" ] || return 0
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
        die "there is no apt-get here: install what cmake/setup.sh lists by other means, then set LIPT_SKIP_SETUP=1"
    missing=$(missing_of "$1")
    if [ -z "$missing" ]; then
        say "Every package is there; nothing to install."
        return 0
    fi
    say "To be installed with apt-get: $missing"
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        die "installing packages needs root, and there is no sudo: run 'apt-get install $missing' as root first"
    [ "$(id -u)" -eq 0 ] || sudo id -u >/dev/null ||
        die "sudo was refused: run 'apt-get install $missing' as root first"
    setup_log=$(mktemp "${TMPDIR:-/var/tmp}/lipt-setup.XXXXXX") || die "no temporary file can be made"
    [ -z "$(unknown_of "$missing")" ] || update_lists
    unknown=$(unknown_of "$missing")
    [ -z "$unknown" ] ||
        die "apt knows no package ${unknown% }: Debian 12 and 13 have them all; check the network and /etc/apt/sources.list ($(complaint))"
    missing=$(chosen_of "$missing")
    if ! as_root_apt install -y --no-install-recommends $missing; then
        # The lists may be older than the archive; with fresh ones it goes or does not.
        update_lists
        as_root_apt install -y --no-install-recommends $missing ||
            die "apt-get install failed: $(complaint) (all of it: $setup_log)"
    fi
    rm -f "$setup_log"
}

# How many compilers run side by side: one a core, but no more than the memory bears (about 1 GB each).
job_count() {
    cores=$(nproc)
    memory=$(awk '/MemAvailable/ { print int($2 / 1000000) }' /proc/meminfo)
    [ "$memory" -ge 1 ] || memory=1
    [ "$cores" -le "$memory" ] && echo "$cores" || echo "$memory"
}

# elapsed SECONDS: "4 min 12 s"
elapsed() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }
