# A private PostgreSQL that lives exactly as long as this script's standard input.
#
# The test process holds the other end. When it ends, however it ends, the pipe closes, the
# server is stopped and its folder removed: no test can leave one behind. Commands on standard
# input: "stop" (as a crash would), "start", "listen ADDRESS" (at the next start). Each answers with
# one line.
set -eu
trap '' INT TERM HUP
bin=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/teller-postgres.XXXXXX")
export LC_ALL=C.UTF-8 TZ=UTC
# On a socket only, unless told: no port to collide.
listen=

start() {
  # Without fsync: a test database need not survive a power cut.
  "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 30 -s start -o "-k $dir -c listen_addresses='$listen' -c fsync=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=32MB -c max_wal_size=256MB" >"$dir/start" 2>&1
}

{ "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale -N >"$dir/initdb" 2>&1 && start; } || {
  cat "$dir"/initdb "$dir"/start "$dir"/log 2>/dev/null >&2 || true
  rm -rf "$dir"
  exit 1
}
echo "ready $dir"

while read -r command; do
  case $command in
    stop) "$bin/pg_ctl" -D "$dir/data" -m immediate -w -s stop >/dev/null 2>&1 || true; echo stopped ;;
    listen\ *) listen=${command#listen }; echo noted ;;
    start) start && echo started || echo failed ;;
  esac
done
"$bin/pg_ctl" -D "$dir/data" -m immediate -w -s stop >/dev/null 2>&1 || true
rm -rf "$dir"
