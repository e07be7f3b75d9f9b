# What other tools measure on the path that "sockeye compare" measures: run by its --exec once a round. Each
# appends its values, in seconds or a second, to a file in $OUT.
set -e
for i in $(seq 20); do
	curl -s -o /dev/null -w '%{time_connect} %{time_starttransfer}\n' "$SOCKEYE_URL"
done | awk '{print $1 >>"'"$OUT"'/connect"; print $2-$1 >>"'"$OUT"'/first_byte"}'
wrk -t1 -c1 -d1s "$SOCKEYE_URL" | awk '/Requests\/sec/ {print $2}' >>"$OUT/requests"
wrk -t1 -c1 -d1s -H 'Connection: close' "$SOCKEYE_URL" | awk '/Requests\/sec/ {print $2}' >>"$OUT/connections"
for direction in download upload; do
	nsenter --net="$SOCKEYE_SERVER_NETNS" iperf3 -s -1 --forceflush >"$OUT/server" 2>&1 &
	for i in $(seq 50); do
		grep -q listening "$OUT/server" && break
		sleep 0.1
	done
	reverse=
	[ $direction = upload ] || reverse=-R
	timeout 20 iperf3 -c "$SOCKEYE_SERVER" $reverse -n "$SOCKEYE_BULK" -J | awk '/"sum_received"/ {on=1} on && /bits_per_second/ {gsub(/[",]/,""); print $2/8; exit}' >>"$OUT/$direction"
	wait
done
