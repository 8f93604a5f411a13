#!/usr/bin/env bash
# systemd takes every line of the units, and a line that it does not know is noticed.
# Usage: units.sh BUILD
set -euo pipefail
build=$1
if ! command -v systemd-analyze >/dev/null; then
  echo "skipped: there is no systemd-analyze on this machine"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The programs stand in the build folder, and verify wants them to be there.
for daemon in scheduler agent; do
  sed "s,^ExecStart=[^ ]*/,ExecStart=$build/bin/," "$build/packaging/usine-$daemon.service" \
    >"$work/usine-$daemon.service"
done
said=$(systemd-analyze --man=no verify "$work"/usine-*.service 2>&1) || true
# Units of this machine's own may be faulty; those lines are not about ours.
if grep -F "usine" <<<"$said"; then exit 1; fi

sed 's/^KillMode=/KilMode=/' "$work/usine-agent.service" >"$work/planted.service"
said=$(systemd-analyze --man=no verify "$work/planted.service" 2>&1) || true
grep -qF "KilMode" <<<"$said" || { echo "a planted mistake was not noticed"; exit 1; }

# What keeps jobs alive across a restart of the agent, and its cgroups its own.
for line in Delegate=yes KillMode=process LimitMEMLOCK=infinity Restart=on-failure; do
  grep -qx "$line" "$work/usine-agent.service" || { echo "no $line"; exit 1; }
done
