#!/bin/sh
# Start Redis with one of the configurations in this folder: start.sh broker|cache [server arguments]
#
# A Redis configuration cannot refer to environment variables. So the server reads it from the standard input,
# together with the settings of this deployment. There no process list shows the password, as it would on a
# command line, and no CONFIG REWRITE (Sentinel's, at a failover) can write it into a file.
# The server keeps the process id, so that signals reach it. Only its own user can read its files.
set -eu
umask 077

fail() {
    echo "start.sh: $1" >&2
    exit 64
}

case "${1:-}" in
    broker | cache) configuration=$(dirname "$0")/$1.conf ;;
    *) fail "say which: start.sh broker, or start.sh cache" ;;
esac
shift

password=${REDIS_PASSWORD:-}
if [ -n "${REDIS_PASSWORD_FILE:-}" ]; then
    [ -z "$password" ] || fail "REDIS_PASSWORD and REDIS_PASSWORD_FILE are both set; keep one of them"
    [ -r "$REDIS_PASSWORD_FILE" ] || fail "REDIS_PASSWORD_FILE: $REDIS_PASSWORD_FILE cannot be read"
    password=$(cat "$REDIS_PASSWORD_FILE")
fi
[ -n "$password" ] || fail "set REDIS_PASSWORD or REDIS_PASSWORD_FILE: whoever reaches this Redis may do all with it"
[ -n "${REDIS_MAXMEMORY:-}" ] || fail "set REDIS_MAXMEMORY (512mb, 2gb): without a limit the kernel ends Redis when memory is short"
quoted=$(printf '%s' "$password" | sed 's/[\\"]/\\&/g')

# REDIS_USERS_FILE makes users of the roles in users.acl. It has a line per role: `role SHA-256 ...`, with the
# hash of the role's password, or of two passwords while one replaces the other.
rules=$(dirname "$0")/users.acl
users=
if [ -n "${REDIS_USERS_FILE:-}" ]; then
    [ -r "$REDIS_USERS_FILE" ] || fail "REDIS_USERS_FILE: $REDIS_USERS_FILE cannot be read"
    while read -r role hashes || [ -n "$role" ]; do
        case $role in
            "") continue ;;
            *[!a-z]*) fail "REDIS_USERS_FILE: each line must be a role and the SHA-256 of its password" ;;
        esac
        may=$(sed -n "s/^$role  *//p" "$rules")
        [ -n "$may" ] || fail "REDIS_USERS_FILE: users.acl has no role $role"
        user="user $role on"
        for hash in $hashes; do
            case $hash in
                *[!0-9a-f]*) fail "REDIS_USERS_FILE: $role has something that is no SHA-256" ;;
            esac
            [ ${#hash} -eq 64 ] || fail "REDIS_USERS_FILE: $role has something that is no SHA-256"
            user="$user #$hash"
        done
        [ -n "$hashes" ] || fail "REDIS_USERS_FILE: $role has no password"
        users="$users
$user $may"
    done <"$REDIS_USERS_FILE"
fi

# Valkey if it is installed, else Redis (7.2 or later).
server=$(command -v valkey-server || command -v redis-server) || fail "neither valkey-server nor redis-server is on the PATH"

exec "$server" "$@" - <<EOF
$(cat "$configuration")
requirepass "$quoted"
masterauth "$quoted"
maxmemory $REDIS_MAXMEMORY
$users
EOF
