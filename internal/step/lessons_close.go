package step

// Lessons about closing: RFC 9293 §3.6, figures 12 and 13.

var closingLessons = []*Lesson{
	{
		Name: "close", Title: "A connection is closed", Rule: "RFC 9293 §3.6, Figure 12", Config: bare(99, 299), Setup: openOnce,
		About: "Each direction is closed on its own: a FIN says that nothing more will come, takes one sequence number, and is acknowledged like text. A closes first, and so A has to wait in the end.",
		Steps: []LessonStep{
			{"A's application closes. A sends FIN with the number 100.", "RFC 9293 §3.10.4", call(A, Close)},
			{"The FIN arrives: B's application will read the end of the stream. B acknowledges at once, and is in CLOSE-WAIT until its application closes.", "RFC 9293 §3.10.7.4, eighth", goOn},
			{"A's FIN is acknowledged. A waits for B's.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"B's application closes, too. B sends FIN with the number 300.", "RFC 9293 §3.10.4", call(B, Close)},
			{"A acknowledges and goes to TIME-WAIT: its ACK may be lost, and then B will send its FIN again.", "RFC 9293 §3.10.7.4, eighth", goOn},
			{"B's FIN is acknowledged: B has nothing left to do, and forgets the connection.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"After twice the maximum segment lifetime no segment of this connection can be anywhere any more.", "RFC 9293 §3.10.8", goOn},
		},
	},
	{
		Name: "simultaneous-close", Title: "Both close at once", Rule: "RFC 9293 §3.6, Figure 13", Config: bare(99, 299), Setup: openOnce,
		About: "Both applications close before the other's FIN has arrived. Both ends go through CLOSING, and both wait.",
		Steps: []LessonStep{
			{"A's application closes.", "RFC 9293 §3.10.4", call(A, Close)},
			{"B's application closes as well; A's FIN has not arrived yet.", "RFC 9293 §3.10.4", call(B, Close)},
			{"A's FIN arrives at B. It does not acknowledge B's, so B is in CLOSING.", "RFC 9293 §3.10.7.4, eighth", goOn},
			{"The same at A.", "RFC 9293 §3.10.7.4, eighth", goOn},
			{"An ACK arrives: one of them is in TIME-WAIT.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"And the other one.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"Twice the maximum segment lifetime later one of them is CLOSED.", "RFC 9293 §3.10.8", goOn},
			{"And the other one.", "RFC 9293 §3.10.8", goOn},
		},
	},
	{
		Name: "half-close", Title: "One direction is closed", Rule: "RFC 9293 §3.6", Config: bare(1000, 5000), Setup: openOnce,
		About: "A has asked everything it wanted to ask, and says so with a FIN. B still answers: closed is only one direction.",
		Steps: []LessonStep{
			{"A writes its question.", "RFC 9293 §3.10.2", write(A, 20)},
			{"A shuts sending down: FIN, behind the question.", "RFC 9293 §3.10.4", call(A, Shutdown)},
			{"The question arrives.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"The FIN arrives. B knows that the question is complete.", "RFC 9293 §3.10.7.4, eighth", goOn},
			{"The question is acknowledged, the FIN not yet.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"A's direction is closed: FIN-WAIT-2.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"B's application reads the question.", "RFC 9293 §3.10.3", read(B, 100)},
			{"It reads again and gets the end of the stream.", "RFC 9293 §3.10.3", read(B, 100)},
			{"B may send as long as it likes, in CLOSE-WAIT.", "RFC 9293 §3.10.2", write(B, 1000)},
			{"The answer arrives at A, which can still receive.", "RFC 9293 §3.10.7.4, seventh", goOn},
			{"B closes.", "RFC 9293 §3.10.4", call(B, Close)},
			{"The acknowledgement of the answer arrives.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"B's FIN arrives: both directions are closed, and A waits, because it closed first.", "RFC 9293 §3.10.7.4, eighth", goOn},
			{"The last ACK arrives.", "RFC 9293 §3.10.7.4, fifth", goOn},
		},
	},
	{
		Name: "time-wait", Title: "TIME-WAIT, and what it is good for", Rule: "RFC 9293 §3.6.1", Config: bare(99, 299), Setup: openOnce,
		About: "The last ACK of all can be lost, and nobody acknowledges ACKs. So the end that sends it stays for a while, to send it again.",
		Steps: []LessonStep{
			{"A closes.", "RFC 9293 §3.10.4", call(A, Close)},
			{"B gets the FIN.", "RFC 9293 §3.10.7.4, eighth", goOn},
			{"A gets the ACK.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"B closes.", "RFC 9293 §3.10.4", call(B, Close)},
			{"A gets the FIN, acknowledges it, and is in TIME-WAIT: one minute, twice 30 s.", "RFC 9293 §3.10.7.4, eighth", goOn},
			{"The last ACK is lost.", "", oldest(Drop, A)},
			{"B waits in LAST-ACK, until its timer expires: it sends the FIN again.", "RFC 6298 §5.4", goOn},
			{"A has it already, and acknowledges it again; the minute begins anew.", "RFC 9293 §3.10.7.4, eighth", goOn},
			{"Now B knows. Without TIME-WAIT it would have got a reset instead, and reported an error.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"The minute is over.", "RFC 9293 §3.10.8", goOn},
		},
	},
	{
		Name: "time-wait-reuse", Title: "A new connection ends TIME-WAIT early", Rule: "RFC 9293 §3.6.1, RFC 6191", Config: stamped(),
		Setup: append(open[:len(open):len(open)], Move{Kind: Close, End: B}, Move{Kind: Go}, Move{Kind: Go}, Move{Kind: Close, End: A},
			Move{Kind: Go}, Move{Kind: Go}),
		About: "B has closed first, and is in TIME-WAIT for a minute. A wants to connect again between the same ports. It need not wait, if the timestamp in its SYN proves that this is no old duplicate.",
		Steps: []LessonStep{
			{"A connects again. The SYN has a later timestamp than all that B has had from A.", "RFC 7323 §3", call(A, Connect)},
			{"B compares it with the last of the old connection. It is later: B forgets the old connection, and opens the new one.", "RFC 9293 §3.6.1, MAY-2; RFC 6191 §2", goOn},
			{"A is ESTABLISHED.", "RFC 9293 §3.10.7.3, fourth", goOn},
			{"B is ESTABLISHED. It listens all the time.", "RFC 9293 §3.10.7.4, fifth", goOn},
		},
	},
}

// stamped is a world with timestamps.
func stamped() Config { return Config{Ends: [2]EndConfig{{ISS: 1000}, {ISS: 5000}}} }
