package step

import "time"

// Lessons about segments that somebody else made up: RFC 5961.

var attackLessons = []*Lesson{
	{
		Name: "challenge-ack", Title: "A blind reset", Rule: "RFC 5961 §3", Config: bare(1000, 5000), Setup: open,
		About: "Somebody who cannot see the connection guesses its ports and sends resets with numbers all over the window, one of which would end it. So only the very next number counts. For others in the window B asks its peer.",
		Steps: []LessonStep{
			{"A forged RST far outside of the window: dropped without a word.", "RFC 5961 §3.2, 1)", inject(B, "R 100001:100001(0) win 0")},
			{"A forged RST inside of the window, but not the number that B expects. B sends a challenge ACK to the true A.", "RFC 5961 §3.2, 3)", inject(B, "R 5001:5001(0) win 0")},
			{"A knows of no reset. The ACK tells it nothing new, and the connection lives.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"Challenges are rationed, so that they cannot be used to flood A. A second passes.", "RFC 5961 §7", wait(time.Second)},
			{"A forged SYN on the connection: the same answer.", "RFC 5961 §4.2", inject(B, "S 3000:3000(0) win 100")},
			{"A takes this ACK calmly as well.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"Had A truly gone away, it would answer the challenge with a reset that has exactly the right number. This is the one that counts.", "RFC 5961 §3.2, 2)", inject(B, "R 1:1(0) win 0")},
		},
	},
	{
		Name: "old-text", Title: "Text of a former time", Rule: "RFC 7323 §5", Config: stamped(), Setup: open,
		About: "At high speed sequence numbers come round within seconds, and a segment that the network has kept for long may fit into the window again. Its timestamp gives it away (PAWS).",
		Steps: []LessonStep{
			{"A writes 100 bytes.", "RFC 9293 §3.10.2", write(A, 100)},
			{"They arrive. B remembers the timestamp.", "RFC 7323 §4.3", goOn},
			{"An old segment arrives. Its numbers are just those that B waits for, but its timestamp is earlier: B drops it, and sends an ACK.", "RFC 7323 §5.3, R1", inject(B, "P. 101:201(100) ack 1 win 1000 <nop,nop,TS val 500 ecr 1>")},
			{"A writes 50 bytes more. They wait for the ACK of the first 100 (Nagle).", "RFC 9293 §3.7.4", write(A, 50)},
			{"The ACK arrives, and the text goes, with the same numbers that the old segment had.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"B's answer to the old segment tells A nothing new.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"And B has 150 bytes, all of them from A.", "RFC 9293 §3.10.7.4, seventh", goOn},
		},
	},
}
