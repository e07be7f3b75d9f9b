package step

import "time"

// Lessons about windows and small segments: RFC 9293 §3.8.6, and §3.7.4.

// small is a world in which B has little room.
func small(room int) Config {
	c := bare(1000, 5000)
	c.Ends[B].RecvBuffer = room
	return c
}

var windowLessons = []*Lesson{
	{
		Name: "zero-window", Title: "The window closes", Rule: "RFC 9293 §3.8.6.1", Config: small(4000), Setup: open,
		About: "B's application does not read, B's buffer fills up, and B says so: window 0. A may send no more. That the window opens again is told by an ACK that may be lost, and so A asks from time to time.",
		Steps: []LessonStep{
			{"A writes 6000 bytes. B has room for 4000, which is two full segments and a piece; A sends no pieces.", "RFC 9293 §3.8.6.2.1", write(A, 6000)},
			{"The first segment arrives. B's application does not read, and there is room for one more.", "RFC 9293 §3.8.6", goOn},
			{"The second. What is left is less than a segment: B closes its window.", "RFC 9293 §3.8.6.2.2", goOn},
			{"A hears that the window gets smaller.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"Everything is acknowledged, and the window is 0. A has more, and starts the persist timer.", "RFC 9293 §3.8.6.1", goOn},
			{"It expires. A asks with a segment that B has already: whoever gets that must answer.", "RFC 9293 §3.8.6.1, MUST-36", goOn},
			{"B answers: still 0.", "RFC 9293 §3.8.6.1", goOn},
			{"A waits again, longer than before. As long as B answers, the connection lives (MUST-37).", "RFC 9293 §3.8.6.1, SHLD-30", goOn},
			{"B's application reads, and B tells that there is room.", "RFC 9293 §3.8.6.2.2", read(B, 2920)},
			{"But this ACK is lost, and ACKs are not sent again. Without probes both would wait for ever.", "RFC 9293 §3.8.6.1", oldest(Drop, B)},
			{"The persist timer expires: the next probe.", "RFC 9293 §3.8.6.1", goOn},
			{"B answers, and its answer has the window.", "RFC 9293 §3.8.6.1", goOn},
			{"A may send again.", "RFC 9293 §3.10.7.4, fifth", goOn},
		},
	},
	{
		Name: "nagle", Title: "Nagle's algorithm and the delayed ACK", Rule: "RFC 9293 §3.7.4, §3.8.6.3", Config: bare(1000, 5000), Setup: append(open[:len(open):len(open)],
			Move{Kind: Write, End: A, N: 10}, Move{Kind: Go}, Move{Kind: Write, End: B, N: 5}, Move{Kind: Go}, Move{Kind: Go}),
		About: "An application that writes byte by byte would fill the network with headers. So a small segment waits while another is not acknowledged. And the receiver waits with its ACK, in case it has something to say anyway.",
		Steps: []LessonStep{
			{"A writes one byte. Nothing is under way, so it goes at once.", "RFC 9293 §3.7.4", write(A, 1)},
			{"The ACK of what B has written before arrives.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"The byte arrives. B puts the ACK off: its application has just answered, and may do so again.", "RFC 9293 §3.8.6.3", goOn},
			{"So it does, and the ACK travels with the answer.", "RFC 9293 §3.8.6.3", write(B, 5)},
			{"A has both with one segment.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"A writes another byte. It goes at once again.", "RFC 9293 §3.7.4", write(A, 1)},
			{"A writes a second one. It waits: the first is not acknowledged.", "RFC 9293 §3.7.4", write(A, 1)},
			{"A third waits with it.", "RFC 9293 §3.7.4", write(A, 1)},
			{"The first of the three bytes arrives. B puts the ACK off.", "RFC 9293 §3.8.6.3", goOn},
			{"This time nobody answers. The timer of the delayed ACK expires, after 40 ms; half a second is the most that is allowed.", "RFC 9293 §3.8.6.3, MUST-40", goOn},
			{"The ACK arrives, and the two bytes that have waited go in one segment. Nagle and the delayed ACK together have cost 40 ms.", "RFC 9293 §3.7.4", goOn},
			{"A's application switches Nagle's algorithm off, as interactive programs do (TCP_NODELAY).", "RFC 9293 §3.7.4, MUST-17", do(Move{Kind: NoDelay, End: A, N: 1})},
			{"Now each byte goes at once.", "RFC 9293 §3.7.4", write(A, 1)},
			{"Really each.", "RFC 9293 §3.7.4", write(A, 1)},
		},
	},
	{
		Name: "silly-window", Title: "The silly window", Rule: "RFC 9293 §3.8.6.2", Config: small(4000), Setup: append(open[:len(open):len(open)],
			Move{Kind: Write, End: A, N: 8000}, Move{Kind: Wait, D: 200 * time.Millisecond}),
		About: "B's buffer is full and its application reads slowly, byte by byte. If B told A of every byte of room, A would send segments of one byte for ever. So B is silent until there is room for a full segment or half of its buffer.",
		Steps: []LessonStep{
			{"B's application reads one byte. B says nothing.", "RFC 9293 §3.8.6.2.2", read(B, 1)},
			{"It reads 300 more. Still nothing.", "RFC 9293 §3.8.6.2.2", read(B, 300)},
			{"It reads another 100. Now there is room for a full segment, and B sends a window update.", "RFC 9293 §3.8.6.2.2", read(B, 100)},
			{"A sends a full segment, although the window allows for some bytes more: it avoids silly segments as well.", "RFC 9293 §3.8.6.2.1", goOn},
			{"The segment arrives. What is left of the window, 21 bytes, was promised and cannot be taken back; more is not offered.", "RFC 9293 §3.8.6.2.2", goOn},
		},
	},
	{
		Name: "keep-alive", Title: "Is anybody there?", Rule: "RFC 9293 §3.8.4", Config: bare(1000, 5000), Setup: open,
		About: "A connection on which nobody says anything lives for ever, even when the other end has gone. An application that wants to know switches keep-alive on: here after a minute of silence, then every ten seconds, three times.",
		Steps: []LessonStep{
			{"A's application switches keep-alive on.", "RFC 9293 §3.8.4, MUST-24", do(Move{Kind: KeepAlive, End: A, N: 1})},
			{"A minute of silence. A sends a segment with a number that B has already acknowledged: whoever gets that must answer.", "RFC 9293 §3.8.4", goOn},
			{"B answers with its ACK. It needs no keep-alive of its own for that.", "RFC 9293 §3.10.7.4, first", goOn},
			{"B is there. Another minute begins.", "RFC 9293 §3.8.4", goOn},
			{"B's host crashes, and nothing arrives there any more.", "", do(Move{Kind: Crash, End: B})},
			{"A minute later the next probe.", "RFC 9293 §3.8.4", wait(time.Minute)},
			{"It is lost.", "", oldest(Drop, A)},
			{"Ten seconds later another.", "RFC 9293 §3.8.4", goOn},
			{"Lost.", "", oldest(Drop, A)},
			{"And the last.", "RFC 9293 §3.8.4", goOn},
			{"Lost.", "", oldest(Drop, A)},
			{"Three probes without an answer: A gives the connection up. Its application learns: timed out.", "RFC 9293 §3.8.4", goOn},
		},
	},
}
