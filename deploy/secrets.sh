#!/bin/sh
# Make the secrets that docker-compose.yml mounts, in secrets/. Secrets that exist already stay as they are.
#   TELEGRAM_TOKEN=123456:... REPLICATE_API_TOKEN=r8_... deploy/secrets.sh [HOST]
# HOST is the name in the first, self-signed certificate (default: localhost).
#   deploy/secrets.sh --replace webhook_secret|signing_secret
# makes a new secret. The old one is kept as its predecessor and is still accepted (docs/operate.md).
set -eu
umask 077
cd "$(dirname "$0")/.."
folder=${SECRETS_DIR:-secrets}
mkdir -p "$folder"
chmod 700 "$folder"
word() { openssl rand -hex 24; }

if [ "${1:-}" = --replace ]; then
    case "${2:-}" in
        webhook_secret | signing_secret) ;;
        *) echo "say which: deploy/secrets.sh --replace webhook_secret, or signing_secret" >&2; exit 1 ;;
    esac
    [ -s "$folder/$2" ] || { echo "there is no $folder/$2 to replace" >&2; exit 1; }
    # The files are overwritten: a container would not see a renamed file in the place of a mounted one.
    cat "$folder/$2" >"$folder/$2_previous"
    word >"$folder/$2"
    chmod 644 "$folder/$2" "$folder/$2_previous"
    echo "replaced $folder/$2; the one before is in $folder/$2_previous"
    exit
fi
host=${1:-localhost}

keep() {  # NAME COMMAND ...: unless the secret exists, the output of the command becomes the secret
    name=$1
    shift
    [ -s "$folder/$name" ] && return
    "$@" >"$folder/$name"
    echo "made $folder/$name"
}
given() {  # VARIABLE WHAT
    eval "value=\${$1:-}"
    [ -n "$value" ] || { echo "set $1 ($2), or put it into $folder/$name" >&2; exit 1; }
    printf '%s\n' "$value"
}
signing_key() { echo "whsec_$(openssl rand -base64 24)"; }
login() { echo "redis://$1:$(word)@$2:6379/0"; }
hash_of() { sed "s|^redis://$2:\([^@]*\)@.*|\1|" "$folder/$1_$2" | tr -d '\n' | openssl dgst -sha256 -r | cut -d' ' -f1; }
users() {  # URLS ROLE ...: print the line of REDIS_USERS_FILE for each role that has its own user
    urls=$1
    shift
    for role; do
        ! grep -q "^redis://$role:" "$folder/${urls}_$role" || echo "$role $(hash_of "$urls" "$role")"
    done
}
operator() { echo "operator:$(word)"; }
htpasswd() { echo "operator:$(cut -d: -f2 "$folder/operator" | openssl passwd -apr1 -stdin)"; }
certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj "/CN=$host" -addext "subjectAltName=DNS:$host" \
        -keyout "$folder/tls_key" 2>/dev/null
}

keep telegram_token given TELEGRAM_TOKEN "the bot's token from @BotFather"
keep replicate_api_token given REPLICATE_API_TOKEN "the account's API token"
# A placeholder: replace it by the account's own key before you set PROVIDER_WEBHOOK_URL.
keep replicate_webhook_secret signing_key
keep webhook_secret word
keep signing_secret word
# These are empty except while a secret is being replaced.
for name in webhook_secret_previous signing_secret_previous; do
    [ -e "$folder/$name" ] || : >"$folder/$name"
done
keep redis_password word
keep cache_redis_password word
# The secret that Alertmanager sends to the exporter.
keep watchdog_secret word
# Each kind of process has its own Redis user, with only the rights that it needs (deploy/redis/users.acl).
for role in bot worker exporter flower backup; do keep "redis_url_$role" login "$role" redis; done
for role in bot worker exporter; do keep "cache_redis_url_$role" login "$role" redis-cache; done
# Made from the URLs at each run. To use a single password, write redis://:password@host:6379/0 into the URLs.
users redis_url bot worker exporter flower backup >"$folder/redis_users"
users cache_redis_url bot worker exporter >"$folder/cache_redis_users"
# Who may see Flower and /metrics: as name:password, and in the format of nginx.
keep operator operator
keep operator_htpasswd htpasswd
keep grafana_password word
# Only deploy/s3.yml uses these.
if [ -n "${S3_ACCESS_KEY_ID:-}" ]; then
    keep s3_access_key_id given S3_ACCESS_KEY_ID "of the store for media and backups"
    keep s3_secret_access_key given S3_SECRET_ACCESS_KEY "of the store for media and backups"
fi
keep tls_certificate certificate
# Only the owner can enter the folder. The files are mounted one by one, for the users inside the containers.
chmod 644 "$folder"/*
