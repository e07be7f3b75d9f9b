package step

import "time"

// Lessons about what the network does to text: it loses it, and changes its order. RFC 9293 §3.8.1, RFC 6298,
// RFC 5681, RFC 2018, RFC 1191.

var lossLessons = []*Lesson{
	{
		Name: "fast-retransmit", Title: "A lost segment, found out by three duplicate ACKs", Rule: "RFC 5681 §3.2", Config: bare(1000, 5000), Setup: open,
		About: "A sends five segments, and the first is lost. Each of the others makes B say again what it still waits for. At the third of these A does not wait for its timer.",
		Steps: []LessonStep{
			{"A's application writes 7300 bytes, five full segments. The congestion window allows for all of them.", "RFC 6928 §2", write(A, 7300)},
			{"The first is lost.", "", oldest(Drop, A)},
			{"The second arrives. There is a hole before it: B keeps it, and acknowledges at once what it has, nothing.", "RFC 5681 §4.2", goOn},
			{"The third: the same ACK again.", "RFC 5681 §4.2", goOn},
			{"The fourth.", "RFC 5681 §4.2", goOn},
			{"The fifth.", "RFC 5681 §4.2", goOn},
			{"The first duplicate ACK. It may only be a matter of order; A waits.", "RFC 5681 §3.2, step 1", goOn},
			{"The second duplicate ACK.", "RFC 5681 §3.2, step 1", goOn},
			{"The third: A believes that the segment is lost and sends it again, long before the timer. The congestion window goes down to seven tenths, as CUBIC wants it.", "RFC 5681 §3.2, steps 2 to 4; RFC 9438 §4.6", goOn},
			{"The fourth duplicate ACK tells of one more segment that has left the network.", "RFC 5681 §3.2, step 4", goOn},
			{"The hole is filled, and B acknowledges all five segments at once.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"Everything is acknowledged, and recovery is over.", "RFC 6582 §3.2, step 3", goOn},
		},
	},
	{
		Name: "two-losses", Title: "Two lost segments, and NewReno", Rule: "RFC 6582", Config: bare(1000, 5000), Setup: open,
		About: "Two of five segments are lost. The first is found by duplicate ACKs. The ACK of what is sent again then acknowledges only a part: that tells of the second loss, without waiting for anything.",
		Steps: []LessonStep{
			{"A writes five full segments.", "RFC 9293 §3.10.2", write(A, 7300)},
			{"The first is lost.", "", oldest(Drop, A)},
			{"And the third.", "", nth(Drop, A, 1)},
			{"The second arrives, behind a hole.", "RFC 5681 §4.2", goOn},
			{"The fourth. There are two holes now.", "RFC 5681 §4.2", goOn},
			{"The fifth.", "RFC 5681 §4.2", goOn},
			{"The first duplicate ACK.", "RFC 5681 §3.2, step 1", goOn},
			{"The second.", "RFC 5681 §3.2, step 1", goOn},
			{"The third: A sends the first segment again, and notes how far it has sent (recover).", "RFC 6582 §3.2, step 2", goOn},
			{"It arrives, and fills the first hole: B acknowledges two segments.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"A partial ACK: new, but less than recover. The next segment must be lost as well, and A sends it again at once.", "RFC 6582 §3.2, step 3", goOn},
			{"It arrives, and fills the second hole.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"Everything up to recover is acknowledged. Recovery is over, after two round trips for two losses.", "RFC 6582 §3.2, step 3", goOn},
		},
	},
	{
		Name: "slow-start", Title: "Slow start", Rule: "RFC 5681 §3.1", Config: fast(), Setup: open,
		About: "A does not know what the path carries. It begins with ten segments, and sends two for each that is acknowledged: twice as many in each round trip. Every step here is one round trip.",
		Steps: []LessonStep{
			{"A writes 200000 bytes. Ten segments are sent, the rest waits.", "RFC 6928 §2", write(A, 200000)},
			{"A round trip later the ten are acknowledged, and twenty are on the way.", "RFC 5681 §3.1", wait(100 * time.Millisecond)},
			{"Forty.", "RFC 5681 §3.1", wait(100 * time.Millisecond)},
			{"And so on, until something is lost or everything is sent. Here it is the latter.", "RFC 5681 §3.1", wait(100 * time.Millisecond)},
		},
	},
	{
		Name: "timeout", Title: "A lost segment, found out by the timer", Rule: "RFC 6298 §5", Config: bare(1000, 5000), Setup: open,
		About: "When there is nothing behind the lost segment, there are no duplicate ACKs. Only the timer remains, and each time it waits twice as long: the network may be overloaded.",
		Steps: []LessonStep{
			{"A writes 100 bytes. The handshake took 100 ms there and back, and so the timer is a good deal longer than that.", "RFC 6298 §2.2", write(A, 100)},
			{"The segment is lost.", "", oldest(Drop, A)},
			{"The timer expires, and the text is sent again. The congestion window goes down to one segment, and the next wait is twice as long.", "RFC 6298 §5.4 to §5.6; RFC 5681 §3.1", goOn},
			{"Lost again.", "", oldest(Drop, A)},
			{"The timer once more, after twice the time.", "RFC 6298 §5.5", goOn},
			{"Lost again.", "", oldest(Drop, A)},
			{"And after four times.", "RFC 6298 §5.5", goOn},
			{"This one arrives.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"The ACK ends it. The time is not measured: nobody can say which of the four it answers.", "RFC 6298 §3", goOn},
		},
	},
	{
		Name: "reordering", Title: "Segments out of order, and SACK", Rule: "RFC 9293 §3.10.7.4, RFC 2018",
		Config: Config{Ends: [2]EndConfig{{ISS: 1000, NoTimestamps: true}, {ISS: 5000, NoTimestamps: true}}}, Setup: open,
		About: "The network delivers in any order. B keeps what comes early, and tells A with SACK blocks what it has, so that A does not send too much again.",
		Steps: []LessonStep{
			{"A writes 4380 bytes, three segments.", "RFC 9293 §3.10.2", write(A, 4380)},
			{"The first goes a longer way.", "", late(A, 4*time.Millisecond)},
			{"The second arrives first. It is in the window: B keeps it, and acknowledges 1 with a SACK block 1461:2921.", "RFC 2018 §4", goOn},
			{"The third continues the block.", "RFC 2018 §4", goOn},
			{"Now the first. The hole is closed, and all 4380 bytes can be read.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"A hears of the block. It need not send that again, whatever happens.", "RFC 2018 §5", goOn},
			{"The block has grown. Two ACKs that say the same are no proof of a loss: A waits.", "RFC 5681 §3.2", goOn},
			{"Rightly: everything is acknowledged, and nothing was sent twice.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"A writes 100 bytes more.", "RFC 9293 §3.10.2", write(A, 100)},
			{"The network doubles the segment.", "", oldest(Duplicate, A)},
			{"It arrives.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"Its copy arrives. B has all of that. It acknowledges again, and tells with a SACK block below the ACK what came twice (DSACK).", "RFC 2883 §4", goOn},
		},
	},
	{
		Name: "path-mtu", Title: "The path is narrower than the link", Rule: "RFC 9293 §3.7.2, RFC 1191",
		Config: narrow(), Setup: open,
		About: "A's link carries 1500 bytes, but somewhere on the path it is only 1000. Packets must not be cut on the way: a router sends them back, with the size that would pass.",
		Steps: []LessonStep{
			{"A writes 2920 bytes: two segments of 1460, packets of 1500 bytes. The router lets neither pass, and reports each.", "RFC 1191 §4", write(A, 2920)},
			{"The ICMP error tells the size 1000, and quotes what it is about. A sends the text again in smaller segments, without slowing down: nothing was lost for want of room.", "RFC 1191 §6.4, RFC 9293 §3.7.2", goOn},
			{"The second error tells nothing new.", "RFC 1191 §6.2", goOn},
			{"The first of the new segments, 960 bytes, passes.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"The second: the rest of what was one segment.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"The third.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"The fourth. From now on A makes its segments no longer than that, for ten minutes or so.", "RFC 1191 §6.3", goOn},
		},
	},
}

// fast is a world in which windows are no limit.
func fast() Config {
	e := EndConfig{NoTimestamps: true, NoSACK: true}
	c := Config{Ends: [2]EndConfig{e, e}}
	c.Ends[A].ISS, c.Ends[B].ISS = 1000, 5000
	return c
}

// narrow is a world in which the path carries less than the hosts' links.
func narrow() Config {
	c := bare(1000, 5000)
	c.PathMTU = 1000
	return c
}
