# shellcheck shell=bash
# The files of this project, copies of them, and running a script in such a copy as a user that PostgreSQL accepts.

# Ends the script with a message.
die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# The user that root steps down to, since initdb and postgres refuse root. HYPERLINE_USER names another.
plain_user() {
  id -un "${HYPERLINE_USER:-postgres}" 2>/dev/null || echo nobody
}

# Prints the files of the project in the current folder, each ended by a NUL, sorted: what git knows or would add. In a
# copy, which has no .git, the list that it was made from.
project_files() {
  local file
  if [[ -e .git ]] && command -v git >/dev/null; then
    # Root may look at another user's clone.
    git -c safe.directory='*' ls-files -z --cached --others --exclude-standard
  elif [[ -f .files ]]; then
    cat .files
  else
    find . \( -name .git -o -path './build*' \) -prune -o -type f ! -name '*.[ado]' ! -name '*.so' ! -name '*.bc' -printf '%P\0'
  fi | while IFS= read -r -d '' file; do
    [[ ! -f $file ]] || printf '%s\0' "$file"
  done | LC_ALL=C sort -zu
}

# copy_tree FROM TO: copies the project's files with their times, so that make in TO builds only what changed since the
# last copy; removes there what is gone here.
copy_tree() {
  local from=$1 to=$2
  mkdir -p "$to"
  (cd "$from" && project_files) >"$to/.files.new"
  if [[ -f $to/.files ]]; then
    LC_ALL=C comm -z -23 "$to/.files" "$to/.files.new" >"$to/.files.gone"
    if [[ -s $to/.files.gone ]]; then
      (cd "$to" && xargs -0r rm -f <.files.gone && rm -f ./*.so build/*/*.a)
    fi
    rm -f "$to/.files.gone"
  fi
  mv "$to/.files.new" "$to/.files"
  tar -C "$from" --null --no-recursion -T "$to/.files" -cf - | tar -C "$to" --no-same-owner -xf -
}

# make_run_folder: a fresh folder for one run, readable by the plain user. Its path is short: a socket's path is at most
# 107 bytes long, and make knows no blanks in a path.
make_run_folder() {
  local parent=${TMPDIR:-/tmp}
  if [[ ${#parent} -gt 60 || $parent == *[[:space:]]* ]] || { [[ $EUID -eq 0 ]] && ! runuser -u "$(plain_user)" -- test -x "$parent"; }; then
    parent=/tmp
  fi
  mktemp -d "$parent/hyperline.XXXXXX"
}

# run_in_copy SCRIPT [ARGUMENT...]: copies the project into a fresh folder and runs SCRIPT (a path in the project) there;
# as root, as the plain user. SCRIPT finds the copy in its current folder and the fresh folder in HYPERLINE_RUN. It is
# removed when the caller exits, unless HYPERLINE_KEEP=1; HYPERLINE_RUN_DIR names a folder to use again instead, which
# is kept. Returns what SCRIPT returned. Needs $top, the project's folder.
# shellcheck disable=SC2154,SC2015
run_in_copy() {
  local script=$1 status=0 user as_user=()
  shift
  if [[ -n ${HYPERLINE_RUN_DIR:-} ]]; then
    mkdir -p "$HYPERLINE_RUN_DIR"
    run_folder=$(cd "$HYPERLINE_RUN_DIR" && pwd)
  else
    run_folder=$(make_run_folder)
    [[ ${HYPERLINE_KEEP:-} == 1 ]] || trap 'rm -rf "$run_folder"' EXIT
  fi
  # An interrupt reaches the script too: it stops its servers and ends, and only then the caller ends.
  trap : INT TERM HUP
  copy_tree "$top" "$run_folder/tree" && mkdir -p "$run_folder/home" || die "could not copy $top to $run_folder"
  if [[ $EUID -eq 0 ]]; then
    user=$(plain_user)
    as_user=(runuser -u "$user" --)
    chown -R "$user:" "$run_folder"
    "${as_user[@]}" test -x "$run_folder" || die "the user $user may not enter $run_folder"
  fi
  (
    cd "$run_folder/tree" || exit
    forget_session
    exec "${as_user[@]}" env HOME="$run_folder/home" HYPERLINE_RUN="$run_folder" bash "$script" "$@"
  ) || status=$?
  [[ ${HYPERLINE_KEEP:-} != 1 ]] || echo "kept: $run_folder" >&2
  return "$status"
}

# Forgets what in the caller's environment could lead to a server that is not ours, or change what tools print.
forget_session() {
  local name
  for name in $(compgen -e PG); do
    [[ $name == PG_CONFIG ]] || unset "$name"
  done
  unset MAKEFLAGS MFLAGS MAKELEVEL LANGUAGE
  export LC_ALL=C.UTF-8 LANG=C.UTF-8 # the TAP modules of PostgreSQL forget LC_ALL
}
