// Package step lets TCP be watched one step at a time: two hosts in virtual time, with
// every packet on the way between them an object that can be delivered, dropped, doubled, delayed or
// damaged, and with the calls of both applications in the hands of whoever watches.
//
// A [World] is the two hosts, the link and the clock. A [Player] is what a user interface holds: it goes
// forward and back through what was done in a world, or through a record of what happened elsewhere.
// Everything in a world is decided by its [Config] and the list of moves, so going back is exact: the world is
// built again and the moves are made again, up to the one before.
//
// A [Lesson] is a world and a list of moves with a note for each, which shows one thing that RFC 9293 says:
//
//	p, err := step.Find("handshake").Play(1)
//	for p.Next() {
//		v := p.View()
//		fmt.Println(v.Note, v.Ends[step.A].State, v.Ends[step.B].State)
//	}
//
// What was done can be had as a script of package packetdrill, as either end saw it: see Player.Script.
package step
