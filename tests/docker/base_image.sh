#!/bin/sh
# Makes a stand-in for Docker Hub's python:3.11-slim out of Debian packages, for machines that cannot
# reach Docker Hub: tests, CI, air-gapped sites with a Debian mirror. As root, with debootstrap and docker.
#
#   tests/docker/base_image.sh [TAG]        (TAG: localhost/python:3.11-slim)
#   MODELSERVER_BASE_IMAGE_PREFIX=localhost/ python -m local ...
#
# DEBIAN_MIRROR: where the packages come from (by default, where debootstrap gets them).
# The image carries this machine's CA certificates and pip settings, so that it can reach the same
# package index. If the image is there already, nothing is done; `docker rmi TAG` makes it anew.
set -eu

tag=${1:-localhost/python:3.11-slim}
mirror=${DEBIAN_MIRROR:-}
bundle=/etc/ssl/certs/ca-certificates.crt

lock=${TMPDIR:-/tmp}/modelserver-base-image.lock
exec 9>"$lock"
flock 9 # of two who need it at once, one makes it

if docker image inspect "$tag" >/dev/null 2>&1; then
    echo "$tag is there"
    exit 0
fi
for command in debootstrap docker; do
    command -v "$command" >/dev/null || { echo "$0: $command is missing: apt-get install it" >&2; exit 1; }
done

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
echo "making $tag from ${mirror:-Debian}"
debootstrap --variant=minbase --include=python3,python3-pip,python3-venv,ca-certificates \
    bookworm "$tree/root" ${mirror:+"$mirror"} >"$tree/log" 2>&1 || { tail -20 "$tree/log" >&2; exit 1; }

ln -sf python3 "$tree/root/usr/bin/python"
[ -e "$tree/root/usr/bin/pip" ] || ln -s pip3 "$tree/root/usr/bin/pip"
# In an image there is no system to protect from pip (PEP 668), as in Docker Hub's own Python images.
rm -f "$tree"/root/usr/lib/python3*/EXTERNALLY-MANAGED
rm -rf "$tree"/root/var/cache/apt/archives/*.deb "$tree"/root/var/lib/apt/lists/* \
    "$tree"/root/usr/share/doc/* "$tree"/root/usr/share/man/* "$tree"/root/usr/share/locale/*
if [ -e "$bundle" ]; then cp -L "$bundle" "$tree/root$bundle"; fi

# pip's own reading of its files and variables; folders of this machine mean nothing in the image.
{
    echo "[global]"
    echo "cert = $bundle"
    echo "root-user-action = ignore"
    python3 -m pip config list 2>/dev/null | sed -n \
        -e "s/^\(global\|:env:\)\.\(index-url\|extra-index-url\|trusted-host\|proxy\)='\(.*\)'$/\2 = \3/p" |
        grep -v file: || true
} >"$tree/root/etc/pip.conf"

tar -C "$tree/root" --exclude='./dev/*' -c . | docker import \
    --change 'LABEL modelserver=base' \
    --change 'ENV LANG=C.UTF-8' \
    --change "ENV SSL_CERT_FILE=$bundle" \
    --change "ENV REQUESTS_CA_BUNDLE=$bundle" \
    --change 'CMD ["python3"]' \
    - "$tag" >/dev/null
echo "made $tag"
