#!/usr/bin/env bash
# Makes targets in a minimal Debian that has what `debootstrap --variant=minbase` gives, make, git and certificates, and nothing else: what a test
# takes for granted shows there. Go and its module cache come from this machine; the checkout is a copy; packages are fetched by `make packages`
# from where this machine's apt has them.
#
#   BARE=DIR   where the Debian is kept between runs as an archive, and the run's own copy is made (default /var/tmp/holdfast-bare)
#
# Needs root and the package debootstrap. Everything is in a mount namespace of its own, so that nothing stays mounted.
set -euo pipefail

bare="${BARE:-/var/tmp/holdfast-bare}"
source="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
go="${GO:-$(command -v go)}"
[ "$(id -u)" = 0 ] || { echo "test-bare needs root"; exit 1; }
command -v debootstrap >/dev/null || { echo "test-bare needs the package debootstrap"; exit 1; }

if [ "${BARE_INSIDE:-}" = "" ]; then
  mkdir -p "$bare"
  release="$(. /etc/os-release; echo "$VERSION_CODENAME")"
  if [ ! -e "$bare/$release.tar" ]; then
    debootstrap --variant=minbase --include=ca-certificates,make,git "$release" "$bare/new" >"$bare/debootstrap.log" || { tail "$bare/debootstrap.log"; exit 1; }
    tar -C "$bare/new" -cf "$bare/$release.tar.part" . && mv "$bare/$release.tar.part" "$bare/$release.tar"
    rm -rf "$bare/new"
  fi
  root="$(mktemp -d "$bare/run.XXXXXX")"
  trap 'rm -rf --one-file-system "$root"' EXIT
  tar -C "$root" -xf "$bare/$release.tar"
  BARE_INSIDE="$root" BARE_GOROOT="$("$go" env GOROOT)" BARE_CACHE="$("$go" env GOMODCACHE)" unshare --mount --pid --fork --kill-child "$0" "$@"
  exit
fi

root="$BARE_INSIDE"
mkdir -p "$root"/{src,usr/local/go,modules}
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t sysfs sysfs "$root/sys"
mount --bind "$BARE_GOROOT" "$root/usr/local/go"
mount --bind "$BARE_CACHE" "$root/modules"
for file in /etc/resolv.conf /etc/hosts; do
  [ ! -e "$file" ] || install -D "$file" "$root$file"
done
# Where packages come from, and by which proxy; whom to trust for it.
rm -f "$root/etc/apt/sources.list"
cp -r /etc/apt/sources.list* /etc/apt/apt.conf.d "$root/etc/apt/" 2>/dev/null || true
cp -r /usr/share/keyrings "$root/usr/share/"
cp -r /usr/local/share/ca-certificates "$root/usr/local/share/" 2>/dev/null || true
chroot "$root" update-ca-certificates >/dev/null 2>&1
git -C "$source" ls-files -z --cached --others --exclude-standard | tar -C "$source" --null -T - -cf - | tar -C "$root/src" -xf -
exec chroot "$root" /usr/bin/env PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root GOMODCACHE=/modules CI=true \
  bash -c 'cd /src && git init -q . && make "$@"' bash "$@"
