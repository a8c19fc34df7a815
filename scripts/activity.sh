#!/usr/bin/env bash
# A little of everything that the sensors report: programs, files, a TCP connection and a Unix socket.
#
#     scripts/activity.sh [ROUNDS]      (default 1; 0 = until stopped)
set -euo pipefail

rounds=${1:-1}
folder=$(mktemp -d)
server=
cleanup() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 0' INT TERM

# The system's own: a python3 of a version manager is a script that starts twenty programs first.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

# Answers every connection on a free port of loopback; the port's number is its first line of output.
exec {port_pipe}< <(exec "$python" -I -u -c '
import os, socket
listener = socket.create_server(("127.0.0.1", 0))
print(os.getpid(), listener.getsockname()[1])
while True:
    connection, _ = listener.accept()
    connection.recv(64)
    connection.sendall(b"hello back\n")
    connection.close()
')
read -r server port <&"$port_pipe"

round=0
while [ "$rounds" = 0 ] || [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    # Programs: one that succeeds, one that fails, one with arguments to quote.
    /bin/true
    /bin/false || true
    /bin/ls -ld "$folder" > /dev/null
    /bin/sh -c 'exit 3' secd-demo "two words" || true
    # Files: written, renamed, made executable and deleted.
    echo "round $round" > "$folder/draft"
    mv "$folder/draft" "$folder/program"
    chmod u+x "$folder/program"
    rm "$folder/program"
    # Network: a TCP connection that carries a few bytes each way.
    exec {connection}<> "/dev/tcp/127.0.0.1/$port"
    echo hello >&"$connection"
    read -r _ <&"$connection"
    exec {connection}>&-
    sleep 1
done
