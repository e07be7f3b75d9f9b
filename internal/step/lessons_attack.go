package step

import "time"

// Lessons about segments that somebody else made up: RFC 5961.

var attackLessons = []*Lesson{
	{
		Name: "challenge-ack", Title: "A blind reset", Rule: "RFC 5961 §3", Config: bare(1000, 5000), Setup: open,
		About: "Somebody who cannot see the connection guesses its ports and sends resets with numbers all over the window, one of which would end it. So only the very next number counts. For others in the window B asks its peer.",
		Steps: []LessonStep{
			{"A forged RST far outside of the window: dropped without a word.", "RFC 5961 §3.2, 1)", do(Move{Kind: Inject, End: B, Text: "R 100001:100001(0) win 0"})},
			{"A forged RST inside of the window, but not the number that B expects. B sends a challenge ACK to the true A.", "RFC 5961 §3.2, 3)", do(Move{Kind: Inject, End: B, Text: "R 5001:5001(0) win 0"})},
			{"A knows of no reset. The ACK tells it nothing new, and the connection lives.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"Challenges are rationed, so that they cannot be used to flood A. A second passes.", "RFC 5961 §7", do(Move{Kind: Wait, D: time.Second})},
			{"A forged SYN on the connection: the same answer.", "RFC 5961 §4.2", do(Move{Kind: Inject, End: B, Text: "S 3000:3000(0) win 100"})},
			{"A takes this ACK calmly as well.", "RFC 9293 §3.10.7.4, fifth", goOn},
			{"Had A truly gone away, it would answer the challenge with a reset that has exactly the right number. This is the one that counts.", "RFC 5961 §3.2, 2)", do(Move{Kind: Inject, End: B, Text: "R 1:1(0) win 0"})},
		},
	},
}
