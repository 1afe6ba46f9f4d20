#!/bin/sh
# cmake/setup.sh against a machine made of small stand-ins: what it installs, and how it fails.
# setup_test.sh SETUP_SH SCRATCH_FOLDER
set -u
setup=$1
scratch=$2
faults=0

# A machine with the tools every Debian has; then apt, dpkg, id and sudo as the case wants them.
machine() {
    rm -rf "$scratch"
    mkdir -p "$scratch/bin"
    for tool in sh env grep tail mktemp rm basename cat printf tr; do
        ln -s "$(command -v "$tool")" "$scratch/bin/$tool" 2>/dev/null || true
    done
    : >"$scratch/installed" && : >"$scratch/calls" && : >"$scratch/lists"
    stand_in dpkg-query 'grep -qx "$4" "$HERE/installed" && printf installed'
    stand_in apt-cache 'grep -qx "$2" "$HERE/lists" && echo "  Candidate: 1.0" || echo "  Candidate: (none)"'
    stand_in apt-get '
        echo "apt-get $*" >>"$HERE/calls"
        [ ! -e "$HERE/offline" ] || { echo "W: Failed to fetch the archive"; exit 0; }
        case " $* " in
        *" update "*) cat "$HERE/archive" >"$HERE/lists" ;;
        *" install "*) [ ! -e "$HERE/broken" ] || { echo "E: Unable to fetch some archives"; exit 100; }
            for word in "$@"; do case $word in one | two) echo "$word" >>"$HERE/installed" ;; esac done ;;
        esac'
    stand_in id 'echo 0'
    printf 'one\ntwo\n' >"$scratch/archive"
}
stand_in() { printf '#!/bin/sh\nHERE=%s\n%s\n' "$scratch" "$2" >"$scratch/bin/$1" && chmod +x "$scratch/bin/$1"; }

# Runs set_up on the list; leaves its exit status, stdout and stderr.
run() {
    env -i PATH="$scratch/bin" TMPDIR="$scratch" sh -c ". '$setup' && set_up '$1'" "$scratch/quickstart" \
        >"$scratch/out" 2>"$scratch/err"
    status=$?
}

fault() {
    printf 'FAULT in "%s": %s\n' "$case" "$1"
    cat "$scratch/out" "$scratch/err" "$scratch/calls"
    faults=$((faults + 1))
}
succeeds() { [ "$status" -eq 0 ] || fault "exit status $status, expected 0"; }
says() { grep -q -- "$1" "$scratch/out" || fault "does not say '$1'"; }
calls() { [ "$(grep -c -- "$1" "$scratch/calls")" -eq "$2" ] || fault "'$1' was not called $2 times"; }
fails_with() {
    [ "$status" -eq 1 ] || fault "exit status $status, expected 1"
    [ "$(grep -c '' "$scratch/err")" -eq 1 ] || fault "stderr is not one line"
    grep -q -- "$1" "$scratch/err" || fault "stderr does not say '$1'"
}

case="all there" && machine && printf 'one\ntwo\n' >"$scratch/installed" && run "one two"
succeeds && says "nothing to install" && calls apt-get 0

case="one missing, empty lists" && machine && echo one >"$scratch/installed" && run "one two"
succeeds && says "To be installed with apt-get: two" && calls " update" 1 && calls " install " 1 && calls " install .* one" 0
case="and once more" && : >"$scratch/calls" && run "one two"
succeeds && says "nothing to install" && calls apt-get 0

case="lists are there" && machine && cat "$scratch/archive" >"$scratch/lists" && run "one two"
succeeds && calls " update" 0 && calls " install -y --no-install-recommends one two" 1

case="no apt" && machine && rm "$scratch/bin/apt-get" && run "one"
fails_with "there is no apt-get here"

case="no network" && machine && : >"$scratch/offline" && run "one"
fails_with "apt knows no package one: .*Failed to fetch"

case="download fails" && machine && cat "$scratch/archive" >"$scratch/lists" && : >"$scratch/broken" && run "one"
fails_with "apt-get install failed: E: Unable to fetch" && calls " update" 1

case="not root, no sudo" && machine && stand_in id 'echo 1000' && run "one"
fails_with "needs root, and there is no sudo" && calls apt-get 0

case="not root, with sudo" && machine && stand_in id 'echo 1000' && stand_in sudo 'echo sudo >>"$HERE/calls"; exec "$@"' && run "one"
succeeds && calls sudo 3 && calls " install -y --no-install-recommends one" 1

case="not root, sudo refuses" && machine && stand_in id 'echo 1000' && stand_in sudo 'exit 1' && run "one"
fails_with "sudo was refused: run 'apt-get install one *' as root first" && calls apt-get 0

case="the second alternative" && machine && cat "$scratch/archive" >"$scratch/lists" && run "three|two"
succeeds && calls " install -y --no-install-recommends two" 1
case="and once more" && : >"$scratch/calls" && run "three|two"
succeeds && says "nothing to install" && calls apt-get 0

case="no alternative" && machine && cat "$scratch/archive" >"$scratch/lists" && run "three|four"
fails_with "apt knows no package three|four: "

rm -rf "$scratch"
[ "$faults" -eq 0 ] && echo "setup does what it says"
exit "$faults"
