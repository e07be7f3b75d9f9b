package step

import "time"

// Lessons about opening a connection: RFC 9293 §3.5, figures 6 to 8, and what happens to a SYN that is lost or refused.

var openingLessons = []*Lesson{
	{
		Name: "handshake", Title: "The three-way handshake", Rule: "RFC 9293 §3.5, Figure 6", Config: bare(100, 300),
		About: "Two ends agree on where they begin to count: each sends its initial sequence number in a SYN, and each acknowledges the other's. Three segments are enough, because B's SYN and its acknowledgement travel together.",
		Steps: []LessonStep{
			{"B's application waits for connections. Nothing is sent.", "RFC 9293 §3.10.1", call(B, Listen)},
			{"A's application connects: A sends SYN with its initial sequence number 100. The SYN itself takes one number.", "RFC 9293 §3.10.1", call(A, Connect)},
			{"The SYN arrives. B answers with its own SYN, number 300, and acknowledges A's: it expects 101 next.", "RFC 9293 §3.10.7.2, third", goOn},
			{"A's SYN is acknowledged, so A is ESTABLISHED. It acknowledges B's SYN with 301.", "RFC 9293 §3.10.7.3, fourth", goOn},
			{"The acknowledgement arrives, and B is ESTABLISHED as well. An ACK takes no sequence number: otherwise there would be ACKs of ACKs.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"A sends text. It begins at 101, the number that the ACK before had, because that ACK took none.", "RFC 9293 §3.10.2", write(A, 10)},
			{"The text arrives and waits for B's application to read it. B acknowledges it at once: at the start of a connection nothing is gained by waiting.", "RFC 9293 §3.8.6.3", goOn},
		},
	},
	{
		Name: "simultaneous-open", Title: "Both connect at once", Rule: "RFC 9293 §3.5, Figure 7", Config: bare(100, 300),
		About: "Neither end listens; both connect to each other, and their SYNs cross. There is still one connection, not two (MUST-10).",
		Steps: []LessonStep{
			{"A connects and sends SYN.", "RFC 9293 §3.10.1", call(A, Connect)},
			{"B connects before A's SYN has arrived, and sends SYN as well.", "RFC 9293 §3.10.1", call(B, Connect)},
			{"A's SYN arrives. B has asked for an acknowledgement and gets a SYN: it answers that and goes on as if it had listened.", "RFC 9293 §3.10.7.3, fourth", goOn},
			{"The same at A: both are in SYN-RECEIVED now, and two SYN,ACKs are on their way.", "RFC 9293 §3.10.7.3, fourth", goOn},
			{"What is in the SYN,ACK is not new, but its ACK is: the end that gets it is ESTABLISHED.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"And the other one as well.", "RFC 9293 §3.10.7.4, fifth", goOn},
		},
	},
	{
		Name: "old-duplicate-syn", Title: "An old SYN turns up", Rule: "RFC 9293 §3.5, Figure 8", Config: bare(100, 300),
		About: "The reason why there are three segments and not two: a SYN of long ago, which the network has kept, arrives before the new one. B cannot know. A can, and says so with a reset. (In the figure B begins the second time at 400. Here it keeps its number.)",
		Setup: []Move{{Kind: Listen, End: B}},
		Steps: []LessonStep{
			{"A connects with 100. Its SYN is on the way.", "RFC 9293 §3.10.1", call(A, Connect)},
			{"The network is slow with it.", "", late(A, 300*time.Millisecond)},
			{"An old duplicate with the number 90 arrives at B, which takes it for a wish to connect.", "RFC 9293 §3.10.7.2, third", inject(B, "S 4294967286:4294967286(0) win 64240 <mss 1460>")},
			{"B acknowledges 91. A has sent nothing that 91 could acknowledge: it resets with just that number, so that B believes it.", "RFC 9293 §3.10.7.3, first", goOn},
			{"A has just learnt that something old is about, and repeats its SYN without waiting for a second. Linux does the same.", "RFC 9293 §3.8.1", goOn},
			{"This SYN is lost, so that we see what the figure shows.", "", newest(Drop, A)},
			{"The reset is in order. B was in LISTEN before, and goes back there.", "RFC 9293 §3.10.7.4, second", goOn},
			{"Now the true SYN arrives, and everything goes as usual.", "RFC 9293 §3.10.7.2, third", goOn},
			{"A is ESTABLISHED.", "RFC 9293 §3.10.7.3, fourth", goOn},
			{"B is ESTABLISHED.", "RFC 9293 §3.10.7.4, fifth", goOn},
		},
	},
	{
		Name: "lost-syn", Title: "The SYN is lost", Rule: "RFC 9293 §3.8.1, RFC 6298", Config: bare(1000, 5000),
		About: "What is sent is kept until it is acknowledged, and sent again when that takes too long. Before anything was measured, too long is one second, and twice as long each time after that.",
		Setup: []Move{{Kind: Listen, End: B}},
		Steps: []LessonStep{
			{"A connects. With the SYN the retransmission timer starts: one second.", "RFC 6298 §2.1, §5.1", call(A, Connect)},
			{"The SYN is lost. Nobody notices.", "", oldest(Drop, A)},
			{"The timer expires. A sends the SYN again, and waits for two seconds this time.", "RFC 6298 §5.4 to §5.6", goOn},
			{"This one is lost, too.", "", oldest(Drop, A)},
			{"After two seconds, once more. The next wait would be four.", "RFC 6298 §5.5", goOn},
			{"It arrives. For B this is the first SYN there is.", "RFC 9293 §3.10.7.2, third", goOn},
			{"The answer arrives. How long it took is not measured: it might answer any of three SYNs (Karn's algorithm).", "RFC 6298 §3", goOn},
			{"Both are ESTABLISHED, three seconds late.", "RFC 9293 §3.10.7.4, fifth", goOn},
		},
	},
	{
		Name: "refused", Title: "Nobody listens", Rule: "RFC 9293 §3.10.7.1", Config: bare(100, 300),
		About: "B's host is there, but no application listens on the port. It knows no connection that the SYN could belong to, and says so with a reset.",
		Steps: []LessonStep{
			{"A connects.", "RFC 9293 §3.10.1", call(A, Connect)},
			{"The SYN belongs to nothing. B answers RST; as the SYN acknowledged nothing, the reset has the number 0 and acknowledges the SYN, so that A can see what it is about.", "RFC 9293 §3.5.2, group 1", goOn},
			{"The reset acknowledges A's SYN, so A believes it: the connection is refused (ECONNREFUSED).", "RFC 9293 §3.10.7.3, second", goOn},
		},
	},
}
