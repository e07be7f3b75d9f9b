# What other tools measure on the path that "sockeye compare" measures: run by its --exec once a round. Each
# appends its values, in seconds or a second, to a file in $OUT. Of bulk data there is something to do where
# compare has an amount.
set -e
if [ "$SOCKEYE_DOWNLOAD" = 0 ]; then
	for i in $(seq 20); do
		curl -s -o /dev/null -w '%{time_connect} %{time_starttransfer}\n' "$SOCKEYE_URL"
	done | awk '{print $1 >>"'"$OUT"'/connect"; print $2-$1 >>"'"$OUT"'/first_byte"}'
	wrk -t1 -c1 -d1s "$SOCKEYE_URL" | awk '/Requests\/sec/ {print $2}' >>"$OUT/requests"
	wrk -t1 -c1 -d1s -H 'Connection: close' "$SOCKEYE_URL" | awk '/Requests\/sec/ {print $2}' >>"$OUT/connections"
	exit
fi
# bulk FILE BYTES [-R]: one run of iperf3
bulk() {
	nsenter --net="$SOCKEYE_SERVER_NETNS" iperf3 -s -1 --forceflush >"$OUT/server" 2>&1 &
	for i in $(seq 50); do
		grep -q listening "$OUT/server" && break
		sleep 0.1
	done
	timeout 20 iperf3 -c "$SOCKEYE_SERVER" $3 -n "$2" -J | awk '/"sum_received"/ {on=1} on && /bits_per_second/ {gsub(/[",]/,""); print $2/8; exit}' >>"$OUT/$1"
	wait
}
bulk download "$SOCKEYE_DOWNLOAD" -R
bulk upload "$SOCKEYE_UPLOAD"
