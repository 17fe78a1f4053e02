#!/bin/sh
# Replace the containers of services without downtime, one service after the other:
#   docker compose build && deploy/roll.sh bot worker-image worker-video worker-vip deliver
# The new containers of a service start before its old ones stop. The old ones hand their jobs over.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { echo "usage: deploy/roll.sh SERVICE ..." >&2; exit 2; }

for service; do
    old=$(docker compose ps --quiet "$service")
    [ -n "$old" ] || { echo "$service does not run; start it with: docker compose up -d" >&2; exit 1; }
    count=$(echo "$old" | wc -l)
    up="docker compose up --detach --no-deps --no-recreate --wait --wait-timeout 180"
    $up --scale "$service=$((count * 2))" "$service"
    docker stop $old >/dev/null
    docker rm $old >/dev/null
    echo "$service: $count replaced"
done
