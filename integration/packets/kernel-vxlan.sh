#!/bin/bash
# Two network namespaces with a VXLAN between them, over IPv4 (id 42) and over IPv6 (id 43): UDP datagrams of 56 and of 3000 bytes, captured into $1.
# Run under `unshare --net`; everything ends with it.
set -e
capture=$1
unshare --net sleep 30 &
peer=$!
trap 'kill $peer $tcpdump 2>/dev/null' EXIT
for try in $(seq 50); do
  [ "$(readlink /proc/$peer/ns/net)" != "$(readlink /proc/self/ns/net)" ] && break
  sleep 0.1
done
ip link add near type veth peer name far netns $peer

# addresses: number of this side
side() {
  ip link set lo up
  ip address add 10.9.0.$1/24 dev $2
  ip address add fd00:9::$1/64 dev $2 nodad
  ip link set $2 up
  ip link add over4 type vxlan id 42 remote 10.9.0.$3 dstport 4789 dev $2
  ip link add over6 type vxlan id 43 remote fd00:9::$3 dstport 4789 dev $2
  ip address add 10.42.0.$1/24 dev over4
  ip address add fd00:43::$1/64 dev over6 nodad
  ip link set over4 up
  ip link set over6 up
}
side 1 near 2
nsenter --net=/proc/$peer/ns/net bash -ec "$(declare -f side); side 2 far 1"

tcpdump --immediate-mode -U -n -i near -w "$capture" 2>"$capture.log" &
tcpdump=$!
for try in $(seq 50); do
  grep -q listening "$capture.log" && break
  sleep 0.1
done
# Datagrams to a port where nobody listens, there and back.
send() {
  for size in 56 3000; do
    head -c $size /dev/zero >/dev/udp/10.42.0.$1/9
    head -c $size /dev/zero >/dev/udp/fd00:43::$1/9
  done
}
send 2
nsenter --net=/proc/$peer/ns/net bash -ec "$(declare -f send); send 1"
sleep 0.5
