#!/bin/sh
# Installs the locked dependencies if they are missing or the lockfile has changed: `setup.sh runtime` (what ./berth needs)
# or `setup.sh all` (what contributors need as well). Needs a system Node with npm; brings Node 24 along.
set -eu
want=${1:-runtime}
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
modules=$root/node_modules

installed() { # installed KIND: that kind, or more, is there for exactly this lockfile
  cmp -s "$root/package-lock.json" "$modules/.berth-all" && return 0
  [ "$1" = runtime ] && cmp -s "$root/package-lock.json" "$modules/.berth-runtime"
}

if ! installed "$want"; then
  command -v npm >/dev/null 2>&1 || { echo "berth: npm is not installed; Berth needs a system Node.js 20 or newer with npm" >&2; exit 1; }
  # One install at a time: a second caller waits for the first one's result.
  lock=$root/.berth-install.lock
  waited=0
  until mkdir "$lock" 2>/dev/null; do
    if ! kill -0 "$(cat "$lock/pid" 2>/dev/null || echo 0)" 2>/dev/null && [ "$waited" -gt 2 ]; then rm -rf "$lock"; continue; fi
    waited=$((waited + 1))
    [ "$waited" -gt 600 ] && { echo "berth: another installation holds $lock" >&2; exit 1; }
    sleep 1
  done
  echo $$ >"$lock/pid"
  trap 'rm -rf "$lock"' EXIT INT TERM
  if ! installed "$want"; then
    echo "berth: installing the locked dependencies (once) …" >&2
    omit=
    [ "$want" = runtime ] && omit=--omit=dev
    log=$(mktemp)
    if ! (cd "$root" && npm ci $omit --ignore-scripts --no-audit --no-fund --loglevel=error >"$log" 2>&1 </dev/null); then
      cat "$log" >&2
      rm -f "$log"
      echo "berth: npm ci failed" >&2
      exit 1
    fi
    rm -f "$log"
    cp "$root/package-lock.json" "$modules/.berth-$want"
  fi
  rm -rf "$lock"
  trap - EXIT INT TERM
fi

[ -x "$modules/.bin/node" ] && exit 0
if ! command -v node >/dev/null 2>&1 || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 24 ]; then
  echo "berth: Node.js 24 is needed and no pinned build exists for this platform; install it and try again" >&2
  exit 1
fi
