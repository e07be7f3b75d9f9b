// Package ladder draws what happened on a connection as a ladder: two columns,
// one for each end, and between them an arrow for each segment, with the states
// of both ends, the reason and the rule for what they did, drops, timers and calls.
//
// Build turns the event record of package tcp into a model, a Ladder a connection: typed lines that a test can look
// at and any renderer can draw. Observe makes the same model of segments seen on the wire. The renderers are Text,
// SVG, HTML, JSON and Mermaid.
//
// When the record holds both ends of a connection they share one ladder. What
// it says is then true: both states, and of each segment whether and when it arrived. When one end made the record, the states of
// that end stand in it; those of the other are worked out from the segments by the rules of RFC 9293 §3.10.7 and
// are marked as such, because a segment that was sent need not have arrived. For what was seen on the wire this holds for both
// ends, and for the reasons as well.
package ladder
