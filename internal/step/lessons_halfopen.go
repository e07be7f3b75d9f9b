package step

// Lessons about ends that do not know of each other any more: RFC 9293 §3.5.1, figures 9 to 11.

// reboot opens a connection and lets A crash: B is at "send 300, receive 100". What is in parentheses in
// the figures is B's idea of the connection.
func reboot(iss int) []Move {
	return append(open[:len(open):len(open)], Move{Kind: Crash, End: A, N: iss})
}

var halfOpenLessons = []*Lesson{
	{
		Name: "half-open", Title: "A has crashed and connects again", Rule: "RFC 9293 §3.5.1, Figure 9", Config: bare(99, 299), Setup: reboot(400),
		About: "A's host has crashed and forgotten everything; B has not noticed and waits for 100 and would send 300. A connects again, between the same ports, with the new initial number 400.",
		Steps: []LessonStep{
			{"A connects, and sends SYN with 400.", "RFC 9293 §3.10.1", call(A, Connect)},
			{"A SYN on a connection that exists: B does not give it up, for anybody could have sent that. It says what it expects: 100 (a challenge ACK).", "RFC 9293 §3.10.7.4, fourth; RFC 5961 §4.2", goOn},
			{"A has not sent what is acknowledged there. There must be an old connection, and A resets it, with the number that B waits for.", "RFC 9293 §3.10.7.3, first", goOn},
			{"A is still in SYN-SENT, and repeats its SYN without waiting for a second, as Linux does: the old connection should be gone soon.", "RFC 9293 §3.8.1", goOn},
			{"The reset has exactly the number that B expects. B ends the old connection, and its application learns: connection reset. (The figure has CLOSED here. Our B still listens on its port.)", "RFC 9293 §3.10.7.4, second", goOn},
			{"Nothing stands in the way now: this is Figure 6 from here on.", "RFC 9293 §3.10.7.2, third", goOn},
			{"A is ESTABLISHED.", "RFC 9293 §3.10.7.3, fourth", goOn},
			{"B is ESTABLISHED.", "RFC 9293 §3.10.7.4, fifth", goOn},
		},
	},
	{
		Name: "half-open-data", Title: "B sends to an end that has crashed", Rule: "RFC 9293 §3.5.1, Figure 10", Config: bare(99, 299), Setup: reboot(0),
		About: "A's host has crashed and started again, and nobody there listens. B believes that the connection is open, and writes.",
		Steps: []LessonStep{
			{"B's application writes ten bytes: 300 to 309.", "RFC 9293 §3.10.2", write(B, 10)},
			{"A knows no such connection. It answers with a reset that has the number that B acknowledges, 100.", "RFC 9293 §3.5.2, group 1", goOn},
			{"B waits for 100, so the reset is believed. The connection is gone.", "RFC 9293 §3.10.7.4, second", goOn},
		},
	},
	{
		Name: "two-listeners", Title: "An old SYN between two who listen", Rule: "RFC 9293 §3.5.1, Figure 11", Config: bare(100, 300),
		About: "Both ends listen, nobody connects. An old SYN arrives at B as if from A.",
		Setup: []Move{{Kind: Listen, End: A}, {Kind: Listen, End: B}},
		Steps: []LessonStep{
			{"An old duplicate SYN with the number Z (here 1100) arrives. B answers with SYN,ACK.", "RFC 9293 §3.10.7.2, third", inject(B, "S 1000:1000(0) win 64240 <mss 1460>")},
			{"A listens, and has sent nothing: an acknowledgement cannot be right. A resets with the number Z+1 that is acknowledged, and goes on listening.", "RFC 9293 §3.10.7.2, second", goOn},
			{"B takes the reset and returns to LISTEN.", "RFC 9293 §3.10.7.4, second", goOn},
		},
	},
	{
		Name: "reset-out-of-the-blue", Title: "A kernel that does not know us", Rule: "RFC 9293 §3.5.2", Config: bare(1000, 5000),
		About: "The trap of every TCP stack outside of the kernel: the answers of B also reach A's kernel, which has no such connection. It resets what it does not know, and kills what is being opened. Whoever does TCP beside a kernel needs an address of its own, or a rule that drops these resets.",
		Setup: []Move{{Kind: Listen, End: B}},
		Steps: []LessonStep{
			{"A stack beside A's kernel connects: its SYN arrives at B, as if from A. A's kernel knows nothing of it.", "RFC 9293 §3.10.7.2, third", inject(B, "S 0:0(0) win 64240 <mss 1460>")},
			{"The kernel gets a SYN,ACK for a port where nothing is, and answers RST.", "RFC 9293 §3.5.2, group 1", goOn},
			{"The reset is in order. B has to believe it, and the connection is gone before it was open.", "RFC 9293 §3.10.7.4, second", goOn},
			{"The ACK of the stack beside the kernel comes too late. B resets it in turn.", "RFC 9293 §3.5.2, group 2", inject(B, ". 1:1(0) ack 1 win 64240")},
		},
	},
}
