#!/usr/bin/env bash
# `cmake --install` brings the programs, their manual, the completion and the units; the manual is
# sound troff and has every command; the completion knows every command and option.
# Usage: install.sh BUILD
set -euo pipefail
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for component in client scheduler agent; do
  DESTDIR="$work/root" cmake --install "$build" --prefix /usr --component "$component" \
    >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
done
usr=$work/root/usr
for file in bin/usine bin/usine-scheduler bin/usine-agent bin/usine-shepherd \
  lib/systemd/system/usine-scheduler.service lib/systemd/system/usine-agent.service \
  share/man/man8/usine-scheduler.8 share/man/man8/usine-agent.8 \
  share/bash-completion/completions/usine; do
  [ -s "$usr/$file" ] || { echo "$file is missing"; exit 1; }
done

# Every command that the program names, and every option that its --help explains.
commands=$("$usr/bin/usine" --help=words)
for command in $commands; do
  page=$usr/share/man/man1/usine-$command.1
  [ -s "$page" ] || { echo "there is no manual of $command"; exit 1; }
  plain=$(sed 's/\\-/-/g; s/\\fB//g; s/\\fR//g' "$page")
  known=$("$usr/bin/usine" "$command" --help=words)
  said=$("$usr/bin/usine" "$command" --help |
    sed -nE 's/^ +(-[a-zA-Z] \[ )?(--[a-z][a-z-]*).*/\2/p')
  [ -n "$said" ] || { echo "the help of $command names no option"; exit 1; }
  for option in $said; do
    grep -qF -e "$option" <<<"$plain" || { echo "$command: the manual lacks $option"; exit 1; }
    grep -qx -e "$option" <<<"$known" || { echo "$command: no completion of $option"; exit 1; }
  done
done

if command -v groff >/dev/null; then
  for page in "$usr"/share/man/man[18]/*; do
    faults=$(groff -Kutf8 -man -Tutf8 -ww -z "$page" 2>&1)
    [ -z "$faults" ] || { echo "$page: $faults"; exit 1; }
  done
fi

# The completion, as bash would call it.
complete_words() {
  PATH=$usr/bin:$PATH bash -c '
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _usine; printf "%s\n" "${COMPREPLY[@]}"' - "$usr/share/bash-completion/completions/usine" "$@"
}
completes() {  # the word that is wanted, then the words so far
  local wanted=$1 said
  shift
  said=$(complete_words "$@")
  [ "$said" = "$wanted" ] || { echo "$*<TAB> gives '$said', not $wanted"; exit 1; }
}
completes backup usine bac
completes --json usine queue --js
completes --gpus-per-node usine submit --gpus-per-n
