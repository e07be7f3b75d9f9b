// Package ladder draws what happened on a connection as a ladder: two columns,
// one for each end, and between them an arrow for each segment, with the states
// of both ends, the reason for each segment that our end sent, drops, timers and calls.
//
// It reads the event record of package tcp and nothing else. Build turns the
// record into a model, a Ladder a connection: typed lines that a test can look
// at and any renderer can draw. Text is one such renderer.
//
// The record is made by one end. The states of that end stand in it; those of
// the peer are worked out from the segments by the rules of RFC 9293 §3.10.7 and
// are marked as such, because a segment that was sent need not have arrived. When the record
// holds both ends of a connection, each end gets a ladder of its own.
package ladder
