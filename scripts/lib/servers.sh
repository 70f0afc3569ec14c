# shellcheck shell=bash
# Throw-away PostgreSQL servers for tests, the demo and developers.
#
# Each server lives in one folder: its data, its log and its Unix socket, the only way in. No TCP port and no cluster of
# the system is touched. Set before use:
#   server_bin    folder of the executables, as scripts/private-postgres prints it
#   server_home   folder that gets a folder for each server; short, for the sockets' sake
#   server_as     a command prefix that runs a command as the servers' user; empty: the caller's own
# The superuser is postgres. Roles connect without a password, but for members of a role password_required.

server_bin=${server_bin:-} server_home=${server_home:-}
declare -a server_as

server_port=5432 # only the last part of the socket's name

run_server_tool() {
  (cd "$server_home" && "${server_as[@]}" "$server_bin/$1" "${@:2}")
}

# start_server NAME [SETTING...]: starts a server, which is made when it is not there yet; a SETTING is a line of
# postgresql.conf. Fast rather than safe: a test of crashes of the machine gives fsync = on.
start_server() {
  local name=$1 home=$server_home/$1 socket said
  shift
  socket=$home/.s.PGSQL.$server_port
  if [[ $(LC_ALL=C && echo ${#socket}) -gt 107 ]]; then
    echo "the path of the socket is longer than 107 bytes: $socket" >&2
    return 1
  fi
  if [[ ! -d $home/data ]]; then
    "${server_as[@]}" mkdir -p "$home"
    if ! said=$(run_server_tool initdb -D "$home/data" -U postgres -A trust --no-locale -E UTF8 --no-sync 2>&1); then
      echo "$said" >&2
      return 1
    fi
    {
      printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$home'" "port = $server_port" \
        "fsync = off" "full_page_writes = off" "max_connections = 60" "max_worker_processes = 24" \
        "log_line_prefix = '%m [%p] %b %d '" "timezone = 'UTC'" "log_timezone = 'UTC'"
      printf '%s\n' "$@"
    } | "${server_as[@]}" tee -a "$home/data/postgresql.conf" >/dev/null
    "${server_as[@]}" sed -i '1i local all +password_required scram-sha-256' "$home/data/pg_hba.conf"
  fi
  if ! run_server_tool pg_ctl -D "$home/data" -l "$home/log" -w -t 60 -s start >/dev/null; then
    tail -n 20 "$home/log" >&2
    return 1
  fi
}

# start_target: a server with the extension preloaded.
start_target() {
  start_server target "shared_preload_libraries = 'hyperline_connector'"
}

# start_source: a server with a database source and, as the manual advises, a role reader that may only read.
start_source() {
  start_server source || return
  server_psql source -Atq -v ON_ERROR_STOP=1 >/dev/null <<'SQL'
SELECT 'CREATE DATABASE source' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'source') \gexec
SELECT 'CREATE ROLE reader LOGIN IN ROLE pg_read_all_data' WHERE to_regrole('reader') IS NULL \gexec
SQL
}

# export_source: tells tests and psql (\getenv) where the source is.
export_source() {
  HYPERLINE_SOURCE_URL=$(server_url source source reader)
  HYPERLINE_SOURCE_ADMIN=$(server_conninfo source source)
  HYPERLINE_SOURCE_HOST=$server_home/source
  HYPERLINE_SOURCE_PORT=$server_port
  export HYPERLINE_SOURCE_URL HYPERLINE_SOURCE_ADMIN HYPERLINE_SOURCE_HOST HYPERLINE_SOURCE_PORT
}

# Whether the server NAME runs.
server_runs() {
  [[ -d $server_home/$1/data ]] && run_server_tool pg_ctl -D "$server_home/$1/data" status >/dev/null 2>&1
}

# stop_server NAME: at once, but cleanly; a server that does not stop is killed, by its own pid.
stop_server() {
  local data=$server_home/$1/data pid
  server_runs "$1" || return 0
  pid=$(head -n 1 "$data/postmaster.pid")
  run_server_tool pg_ctl -D "$data" -m fast -w -t 30 -s stop && return 0
  run_server_tool pg_ctl -D "$data" -m immediate -w -t 10 -s stop || "${server_as[@]}" kill -KILL "$pid"
}

# Stops every server in server_home.
stop_servers() {
  local data
  for data in "$server_home"/*/data; do
    [[ ! -f $data/postmaster.pid ]] || stop_server "$(basename "$(dirname "$data")")"
  done
}

# stop_servers_at_exit: also on an interrupt. Scripts that have more to undone define at_exit, which runs after it.
stop_servers_at_exit() {
  trap 'stop_servers; if declare -F at_exit >/dev/null; then at_exit; fi' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
}

# server_url NAME [DATABASE [USER]]: how a client of any kind reaches it.
server_url() {
  local home=$server_home/$1 encoded='' character i
  for ((i = 0; i < ${#home}; i++)); do
    character=${home:i:1}
    [[ $character == [a-zA-Z0-9/._~-] ]] || printf -v character '%%%02X' "'$character"
    encoded+=$character
  done
  echo "postgres:///${2:-postgres}?host=$encoded&port=$server_port&user=${3:-postgres}"
}

# server_conninfo NAME [DATABASE [USER]]: the same as psql's keywords and values.
server_conninfo() {
  echo "host='$server_home/$1' port=$server_port dbname=${2:-postgres} user=${3:-postgres}"
}

# server_psql NAME ARGUMENT...: psql there, as superuser in the database postgres unless ARGUMENTs say otherwise.
server_psql() {
  local name=$1
  shift
  PGHOST=$server_home/$name PGPORT=$server_port PGUSER=postgres PGDATABASE=${PGDATABASE:-postgres} \
    run_server_tool psql -X "$@"
}
