# Shared by scripts/check and scripts/test: stages, each of which runs whatever became of those before it, and the
# table of them at the end. Sourced after lib.sh.
# shellcheck shell=bash disable=SC2154  # lib.sh sets `data`
# The table's rows, "SECONDS RESULT NAME"; .ci/run gives one file to both scripts and prints it itself.
stages=${TELLER_STAGES:-}
[ -n "$stages" ] || stages=$(mktemp)
mkdir -p "$data/logs"
failures=0; beside_pids=()

# A stage's function joins its commands by &&: `set -e` does not reach into it.
# stage NAME COMMAND...: quiet when it passes; the end of its log when it does not. Returns what the command did.
stage() {
  local name=$1 log began=$SECONDS result=passed status=0; shift
  log=$data/logs/$(printf %s "$name" | tr -c 'a-zA-Z0-9' -).log
  ( "$@" ) >"$log" 2>&1 || status=$?
  if [ $status != 0 ]; then
    result=FAILED
    grep -v " \.\.\. ok$" "$log" | tail -n 150 || true
  fi
  printf '%5d %-7s %s\n' $((SECONDS - began)) $result "$name" >>"$stages"
  say "$name: $result in $((SECONDS - began)) s$([ $status = 0 ] || echo "; the whole log: $log")"
  return $status
}
# then_stage: the same, for a script that goes on; the failure is kept for `end_stages`.
then_stage() { stage "$@" || failures=$((failures + 1)); }
# skipped NAME WHY: a row of the table for a stage that was not run.
skipped() { printf '%5s %-7s %s\n' - skipped "$1: $2" >>"$stages"; say "$1: skipped: $2"; }
# beside COMMAND...: runs it while the script goes on; `join_beside` waits for all of them.
beside() { "$@" & beside_pids+=($!); }
join_beside() {
  local pid
  for pid in "${beside_pids[@]}"; do wait "$pid" || failures=$((failures + 1)); done
  beside_pids=()
}
# counted: adds up what cargo's and node's runners said in the stages' logs; prints "PASSED FAILED SKIPPED".
counted() {
  cat "$data"/logs/*.log 2>/dev/null | awk '
    /^test result:/ { for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) p += $(i-1); if ($i ~ /^failed/) f += $(i-1); if ($i ~ /^ignored/) s += $(i-1) } }
    /^(# |ℹ )pass [0-9]+/ { p += $3 }
    /^(# |ℹ )fail [0-9]+/ { f += $3 }
    END { print p + 0, f + 0, s + 0 }'
}
# The table, unless somebody else prints it; fails if a stage failed.
end_stages() {
  join_beside
  if [ -z "${TELLER_STAGES:-}" ]; then
    printf 'seconds  result  stage\n'
    cat "$stages"; rm -f "$stages"
  fi
  [ $failures = 0 ]
}
