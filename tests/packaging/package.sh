#!/usr/bin/env bash
# cpack makes three packages of one version, with the dependencies that their programs have, and
# each holds what its kind of machine needs.
# Usage: package.sh BUILD
set -euo pipefail
build=$1
for tool in cpack dpkg-deb dpkg-shlibdeps; do
  if ! command -v "$tool" >/dev/null; then
    echo "skipped: there is no $tool on this machine"
    exit 77
  fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# In a folder of its own, since others of this build may pack at the same time.
(cd "$work" && cpack --config "$build/CPackConfig.cmake" -B "$work/packages") >"$work/log" 2>&1 ||
  { cat "$work/log"; exit 1; }
version=$("$build/bin/usine" version --state "$work/none" | sed -n '1s/^usine //p')

holds() {  # package, then the files that it must have
  local package=$1 deb list
  shift
  deb=$(echo "$work/packages/${package}_${version}_"*.deb)
  [ -f "$deb" ] || { echo "there is no package $package of version $version"; exit 1; }
  grep -q 'libc6 (>= ' <<<"$(dpkg-deb -f "$deb" Depends)" ||
    { echo "$package does not depend on the C library"; exit 1; }
  list=$(dpkg-deb -c "$deb" | awk '{print $6}')
  for file in "$@"; do
    grep -qx "./usr/$file" <<<"$list" || { echo "$package lacks $file"; exit 1; }
  done
}
holds usine bin/usine share/man/man1/usine.1 share/bash-completion/completions/usine
holds usine-scheduler bin/usine-scheduler lib/systemd/system/usine-scheduler.service
holds usine-agent bin/usine-agent bin/usine-shepherd lib/systemd/system/usine-agent.service
control=$(dpkg-deb --ctrl-tarfile "$work/packages/usine-scheduler_${version}_"*.deb | tar -t)
grep -q postinst <<<"$control" || { echo "usine-scheduler makes no user"; exit 1; }
