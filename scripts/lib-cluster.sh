# Starts and stops the parts of a cluster on this machine: Redis, demo upstream, nodes, a load balancer.
# Sourced after lib.sh. $state is the directory of pid files, logs and generated configuration.
# shellcheck shell=bash

# The settings that a running cluster has, kept in $state/settings so that later calls find it.
nodes=3 lb=nginx redis=single config=""
lb_port="" redis_port="" upstream_port="" node_ports="" admin_ports="" jwt_secret=""

save_settings() { declare -p nodes lb redis config lb_port redis_port upstream_port node_ports admin_ports jwt_secret >"$state/settings"; }
# `declare -p` would make them local to a function that sources the file.
load_settings() { [ -e "$state/settings" ] && eval "$(sed 's/^declare --/declare -g --/' "$state/settings")"; }

# choose_ports [FIRST…]: preferred ports of the balancer, Redis, upstream, first node and first admin listener.
choose_ports() {
    local i port
    free_port lb_port "${1:-}"
    free_port redis_port "${2:-}"
    free_port upstream_port "${3:-}"
    node_ports="" admin_ports=""
    for ((i = 0; i < nodes; i++)); do
        free_port port "${4:+$(($4 + i))}" && node_ports+="$port "
        free_port port "${5:+$(($5 + i))}" && admin_ports+="$port "
    done
    jwt_secret="$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
}

port_of() { cut -d' ' -f"$1" <<<"$node_ports"; }
admin_of() { cut -d' ' -f"$1" <<<"$admin_ports"; }
parts() {
    [ "$redis" = none ] || echo redis
    echo upstream
    seq -f 'node%.0f' "$nodes"
    echo "$lb"
}

is_ready() { curl -fsS -m 2 -o /dev/null "http://127.0.0.1:$1/readyz"; }

start_redis() {
    start "$state" redis redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$state"
    wait_until 10 "$state" redis redis-cli -p "$redis_port" ping
}

start_upstream() {
    start "$state" upstream "$demo_upstream" --port "$upstream_port"
    wait_until 10 "$state" upstream curl -fsS "http://127.0.0.1:$upstream_port/"
}

# start_node N: the configuration is one file for all; what differs between nodes is in the environment.
start_node() {
    SLUICE_NODE="node$1" SLUICE_PORT="$(port_of "$1")" SLUICE_ADMIN_PORT="$(admin_of "$1")" \
        SLUICE_REDIS="redis://127.0.0.1:$redis_port/0" SLUICE_UPSTREAM="http://127.0.0.1:$upstream_port" \
        JWT_SECRET="$jwt_secret" start "$state" "node$1" "$sluice" run --config "$state/sluice.yaml"
}

# The configuration the nodes read: the given file; without its `state` when there is no Redis.
write_configuration() {
    if [ "$redis" = none ]; then
        awk '/^[^ #]/ { skipping = ($0 ~ /^state:/) } !skipping' "$config" >"$state/sluice.yaml"
    else
        cp "$config" "$state/sluice.yaml"
    fi
}

# The balancer's configuration is the one in deploy/: its first node's line is repeated for each node, ports replaced.
write_balancer() {
    local file="$root/deploy/nginx/sluice.conf"
    [ "$lb" = nginx ] || file="$root/deploy/haproxy/sluice.cfg"
    awk -v ports="$node_ports" -v admins="$admin_ports" -v listen="$lb_port" '
        /^ *server .*127\.0\.0\.1:/ {
            if (done++) next
            count = split(ports, port, " "); split(admins, admin, " ")
            for (i = 1; i <= count; i++) {
                line = $0
                sub(/server node1/, "server node" i, line)
                sub(/127\.0\.0\.1:[0-9]+/, "127.0.0.1:" port[i], line)
                sub(/ port [0-9]+/, " port " admin[i], line)
                print line
            }
            next
        }
        /^ *listen [0-9]/ { sub(/[0-9]+/, "127.0.0.1:" listen) }
        /^ *bind :/ { sub(/:[0-9]+/, "127.0.0.1:" listen) }
        { print }' "$file" >"$state/$(basename "$file")"
    [ "$lb" = nginx ] || return 0
    cat >"$state/nginx.conf" <<NGINX
daemon off;
worker_processes 1;
pid $state/nginx.master;
error_log stderr warn;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path $state/tmp; proxy_temp_path $state/tmp; fastcgi_temp_path $state/tmp;
    uwsgi_temp_path $state/tmp; scgi_temp_path $state/tmp;
    include $state/sluice.conf;
}
NGINX
}

start_balancer() {
    if [ "$lb" = nginx ]; then
        start "$state" nginx nginx -p "$state" -e stderr -c "$state/nginx.conf"
    else
        start "$state" haproxy haproxy -db -f "$state/sluice.cfg"
    fi
    wait_until 10 "$state" "$lb" is_busy "$lb_port"
}

# start_cluster: whatever of it does not run yet. Ports and settings are chosen, $sluice and $demo_upstream set.
start_cluster() {
    local i
    write_configuration
    write_balancer
    if [ "$redis" = single ]; then runs "$state" redis || start_redis; fi
    runs "$state" upstream || start_upstream
    for ((i = 1; i <= nodes; i++)); do runs "$state" "node$i" || start_node "$i"; done
    for ((i = 1; i <= nodes; i++)); do wait_until 20 "$state" "node$i" is_ready "$(admin_of "$i")"; done
    runs "$state" "$lb" || start_balancer
    # HAProxy believes a node only once it has checked it.
    wait_until 20 "$state" "$lb" answers_below_500
}

answers_below_500() {
    local status
    status="$(curl -sS -m 2 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$lb_port/")" && [ "$status" -lt 500 ]
}

# stop_cluster: the balancer first, Redis last, nodes side by side (each may take its time to drain).
stop_cluster() {
    local i draining=()
    stop "$state" "$lb"
    for ((i = 1; i <= nodes; i++)); do stop "$state" "node$i" & draining+=($!); done
    [ ${#draining[@]} -eq 0 ] || wait "${draining[@]}" || true
    stop "$state" upstream
    stop "$state" redis
}
