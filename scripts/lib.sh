# Shared by scripts/*: where things are, how servers are started. Sourced, not run.
# shellcheck shell=bash
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
data=$root/.data
# shellcheck disable=SC2034  # read by setup and upstream-tests
livekit_version=1.13.5
started_at=$SECONDS

say() { printf '[%3ds] %s\n' $((SECONDS - started_at)) "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
# at_least 1.92.0 1.95.0: the second version is not older than the first.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; exit "${1:-0}"; }

postgres_bin() {
  local dir
  # shellcheck disable=SC2012  # version numbers only
  for dir in "$(dirname "$(command -v initdb 2>/dev/null || echo /none/initdb)")" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) /opt/homebrew/opt/postgresql*/bin; do
    [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/psql" ] && { echo "$dir"; return; }
  done
  return 1
}
livekit_bin() {
  if [ -n "${LIVEKIT_SERVER_BIN:-}" ]; then echo "$LIVEKIT_SERVER_BIN"
  elif have livekit-server; then command -v livekit-server
  elif [ -x "$data/bin/livekit-server" ]; then echo "$data/bin/livekit-server"
  else return 1; fi
}
# load_env FILE: KEY=VALUE lines; what the environment already says wins.
load_env() {
  local line key value
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Z_][A-Z0-9_]*)=(.*)$ ]] || continue
    key=${BASH_REMATCH[2]}; value=${BASH_REMATCH[3]%$'\r'}
    [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]] && value=${BASH_REMATCH[1]}
    [ -n "${!key+set}" ] || export "$key=$value"
  done <"$1"
}
# apart COMMAND...: starts it beyond the reach of Ctrl-C, which is for the script alone; sets apart_pid.
apart() { set -m; "$@" </dev/null & apart_pid=$!; set +m; }
# end_process PID SECONDS: asks (SIGTERM), asks again after that long, and a second later does not ask.
end_process() {
  local i
  kill -TERM "$1" 2>/dev/null || return 0
  for ((i = 0; i < $2 * 10 + 10; i++)); do
    kill -0 "$1" 2>/dev/null || break
    if [ $i = $(($2 * 10)) ]; then kill -TERM "$1" 2>/dev/null || true; fi
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() { local p=$1; until port_free "$p"; do p=$((p + 1)); done; echo "$p"; }

# PostgreSQL refuses to run as root: there, it runs as the user "postgres".
as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}
# Where the private cluster lies.
postgres_dir() {
  mkdir -p "$data"
  if [ "$(id -u)" = 0 ] && ! as_postgres test -x "$data"; then
    # The checkout lies where the user "postgres" may not look.
    echo "/var/tmp/teller-postgres-$(printf %s "$data" | cksum | cut -d' ' -f1)"
  else
    echo "$data/postgres"
  fi
}
# A private cluster; sets pg_dir and DATABASE_URL. Kept between runs.
start_postgres() {
  local bin port
  bin=$(postgres_bin) || die "PostgreSQL is not installed; scripts/setup installs it"
  pg_dir=$(postgres_dir)
  if [ ! -s "$pg_dir/PG_VERSION" ]; then
    say "creating a private PostgreSQL cluster"
    rm -rf "$pg_dir"; mkdir -p "$pg_dir"; chmod 700 "$pg_dir"
    [ "$(id -u)" = 0 ] && chown postgres: "$pg_dir"
    as_postgres "$bin/initdb" -D "$pg_dir" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >"$data/initdb.log" 2>&1 || die "initdb failed: see $data/initdb.log"
  fi
  as_postgres "$bin/pg_ctl" -D "$pg_dir" -s -m fast stop >/dev/null 2>&1 || true
  port=$(free_port 5433)
  as_postgres "$bin/pg_ctl" -D "$pg_dir" -s -w -l "$pg_dir/log" -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=''" start \
    || die "PostgreSQL did not start: see $pg_dir/log"
  # The application owns its tables and is no superuser: a superuser would bypass row-level security.
  as_postgres "$bin/psql" -q -h 127.0.0.1 -p "$port" -U postgres -d postgres -v ON_ERROR_STOP=1 <<'SQL' || die "the database could not be created"
SELECT 'CREATE ROLE teller LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'teller') \gexec
SELECT 'CREATE DATABASE teller OWNER teller' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'teller') \gexec
ALTER DATABASE teller SET app.tenant = '1';
SQL
  export DATABASE_URL=postgres://teller@127.0.0.1:$port/teller
  say "PostgreSQL on port $port (data in ${pg_dir#"$root"/})"
}
stop_postgres() { as_postgres "$(postgres_bin)/pg_ctl" -D "$pg_dir" -s -m fast stop || true; }

# A LiveKit server on loopback; sets livekit_pid and LIVEKIT_*. $livekit_settings: further lines of its settings.
# Somebody else may take a free port before the server does: it ends then, and is started on others.
start_livekit() {
  local bin port=7880 try
  bin=$(livekit_bin) || die "no LiveKit server; scripts/setup installs one"
  mkdir -p "$data"
  for try in 1 2 3; do
    port=$(free_port "$port")
    if livekit_on "$bin" "$port"; then
      export LIVEKIT_URL=ws://127.0.0.1:$port LIVEKIT_API_KEY=devkey LIVEKIT_API_SECRET=$dev_secret
      say "LiveKit server on port $port"
      return
    fi
    say "the LiveKit server ended on port $port (try $try of 3)"
    port=$((port + 10))
  done
  die "the LiveKit server does not start: see $data/livekit.log"
}
# livekit_on BINARY PORT: fails if it ends before it answers.
livekit_on() {
  local port=$2 tcp udp i
  tcp=$(free_port $((port + 1))); udp=$((tcp + 1))
  cat >"$data/livekit.yaml" <<YAML
port: $port
bind_addresses: ["127.0.0.1"]
keys: {devkey: "$dev_secret"}
rtc: {udp_port: $udp, tcp_port: $tcp, node_ip: 127.0.0.1, use_external_ip: false, enable_loopback_candidate: true, interfaces: {includes: [lo]}}
logging: {level: warn}
${livekit_settings:-}
YAML
  apart "$1" --config "$data/livekit.yaml" --node-ip 127.0.0.1 >"$data/livekit.log" 2>&1
  livekit_pid=$apart_pid
  for i in $(seq 100); do
    port_free "$port" || break
    kill -0 "$livekit_pid" 2>/dev/null || return 1
    sleep 0.1
  done
  port_free "$port" && die "the LiveKit server did not open port $port in 10 s: see $data/livekit.log"
  # Whoever answers may be somebody else.
  sleep 0.2
  kill -0 "$livekit_pid" 2>/dev/null
}
# Loopback only, and long enough that the server does not complain about it.
dev_secret=development-secret-for-loopback-only-0000
