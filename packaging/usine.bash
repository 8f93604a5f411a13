# Completion of usine's commands and options for bash. The program itself says what they are.
_usine() {
  local current=${COMP_WORDS[COMP_CWORD]} command words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=$("${COMP_WORDS[0]}" --help=words 2>/dev/null)
  elif [[ $current == -* ]]; then
    command=${COMP_WORDS[1]}
    words=$("${COMP_WORDS[0]}" "$command" --help=words 2>/dev/null)
  fi
  # Where there is nothing to say, file names (complete -o default).
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _usine usine
