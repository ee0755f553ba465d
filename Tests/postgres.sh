#!/bin/bash
# A PostgreSQL server of the tests' own, on a free port of the loopback interface, run by a user who is not root.
#
#   postgres.sh start FOLDER     makes the folder and a server in it, and prints its postgres:// URL
#   postgres.sh database FOLDER  makes a database in it, and prints its URL
#   postgres.sh restart FOLDER   stops it hard, as in a power failure, and starts it again on the same port
#   postgres.sh stop FOLDER      stops it and removes the folder
set -euo pipefail

action=$1 folder=$2
data=$folder/data
programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
run() { if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
# Fast and forgetful: what PostgreSQL does for durability is not what is tested.
launch() {
  run "$programs/pg_ctl" -D "$data" -l "$folder/log" -w -t 60 -o "-p $1 -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= -c fsync=off -c max_connections=300" start >/dev/null 2>&1
}

case $action in
start)
  mkdir -p "$folder"
  if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
  run "$programs/initdb" -D "$data" -U hausdorffd -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
  for attempt in 1 2 3 4 5; do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    if launch "$port"; then
      echo "$port" >"$folder/port"
      echo "postgres://hausdorffd@127.0.0.1:$port/postgres"
      exit 0
    fi
  done
  cat "$folder/log" >&2
  exit 1
  ;;
database)
  # Of template0, to which nobody connects: one that somebody is connected to cannot be copied.
  name=t$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
  "$programs/createdb" -T template0 -h 127.0.0.1 -p "$(cat "$folder/port")" -U hausdorffd "$name"
  echo "postgres://hausdorffd@127.0.0.1:$(cat "$folder/port")/$name"
  ;;
restart)
  run "$programs/pg_ctl" -D "$data" -m immediate -w stop >/dev/null
  launch "$(cat "$folder/port")"
  ;;
stop)
  run "$programs/pg_ctl" -D "$data" -m immediate -w stop >/dev/null || true
  rm -rf "$folder"
  ;;
esac
