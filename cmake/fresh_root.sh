#!/bin/sh
# A fresh Debian machine in a folder, and in it a copy of this tree and ./check: what a newcomer's machine makes of it.
# fresh_root.sh debian12|debian13 [words of check]    needs root; `./check debian13` calls it
# The root is made once by debootstrap, from the mirror that this machine's own apt uses, and kept in LIPT_ROOTS
# (build/roots by default); its tree is made anew each time, its build folder and compiler cache stay.
# LIPT_RUN=quickstart runs ./quickstart in it instead.
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh

release=$1
shift
case $release in
debian12) suite=bookworm ;;
debian13) suite=trixie ;;
*) die "the release is '$release', expected debian12 or debian13" ;;
esac
[ "$(id -u)" -eq 0 ] || die "a root of $release is entered by chroot, which needs root: run it with sudo"
roots=${LIPT_ROOTS:-$PWD/build/roots}
root=$roots/$release
tree=$root/lipt

# The archive of Debian itself that apt reads here: the address of the first list that calls itself so.
own_mirror() {
    apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
        awk '$2 == "Debian" && $3 == "Debian" { print $1; exit }'
}

# The root without its packages; a folder that debootstrap did not finish is begun again.
make_root() {
    [ ! -e "$root/.made" ] || return 0
    set_up debootstrap
    mirror=$(own_mirror)
    [ -n "$mirror" ] || die "apt reads no archive of Debian here, so there is no mirror to make $release from"
    say "Making a root of $release in $root"
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$roots/$release.log" 2>&1 ||
        die "debootstrap failed: $(tail -n 1 "$roots/$release.log") (all of it: $roots/$release.log)"
    # No service is started by its package: there is no init here.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    : >"$root/.made"
}

# The files that git tracks or would, as they lie here; times are kept, so that what is unchanged is not built again.
copy_tree() {
    mkdir -p "$tree"
    find "$tree" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    # A tracked file that was deleted here is no longer part of the tree.
    git -c safe.directory="$PWD" ls-files --cached --others --exclude-standard |
        while IFS= read -r file; do [ ! -e "$file" ] || printf '%s\n' "$file"; done >"$roots/files"
    tar -cf - -T "$roots/files" | tar -xf - -C "$tree"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    [ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/host-certificates.crt"
}

# Becomes a command line in the root with mounts and processes of its own: nothing is left when it ends or is killed.
enter() {
    exec unshare --mount --pid --fork --kill-child sh -euc '
        root=$1
        mount --make-rprivate /
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/tmp"
        [ ! -d /sys/fs/cgroup ] || mount --rbind /sys "$root/sys"
        exec chroot "$root" /usr/bin/env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 USER=root LOGNAME=root \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" no_proxy="${no_proxy:-}" \
            PIP_CERT=/etc/host-certificates.crt PIP_ROOT_USER_ACTION=ignore \
            /bin/sh -c "$2"' enter "$root" "$1"
}

mkdir -p "$roots"
make_root
copy_tree
enter "cd /lipt && ./${LIPT_RUN:-check} $*"
