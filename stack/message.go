package stack

import "github.com/sockeye-tcp/sockeye/ip"

// Messages that are sent whole or in fragments: UDP datagrams, ICMP, resets.

// A message is a transport header and its data, complete with checksum.
type message struct {
	header  ip.Header
	payload []byte
}

// An outbox is a queue of messages. Each is cut to the MTU of its path when its turn comes.
type outbox struct {
	host   *Host
	queue  fifo[message]
	cutter ip.Cutter // of the message whose turn it is
	busy   bool      // there is one
	bytes  int       // payload in queue
	waits  bool
	// drained is called when a message has left the queue; nil for nobody.
	drained func()
}

// push queues a message. The caller has checked that there is room.
func (o *outbox) push(m message) {
	o.queue.push(m)
	o.bytes += len(m.payload)
	o.host.enqueue(o)
}

// send is the sender's half: one packet a call.
func (o *outbox) send(now ip.Time, p *ip.Packet) bool {
	for {
		if o.busy && o.cutter.Next(p) {
			return true
		}
		o.busy = false
		if o.queue.len() == 0 {
			return false
		}
		o.next(now)
	}
}

// next takes the next message up. One that cannot be sent at all is dropped: the
// network's largest packet has shrunk while it waited.
func (o *outbox) next(now ip.Time) {
	m := o.queue.pop()
	o.bytes -= len(m.payload)
	if o.cutter, o.busy = ip.Cut(&m.header, m.payload, o.host.pathMTU(now, m.header.Dst)); !o.busy {
		o.host.stats.Unsendable++
	}
	if o.drained != nil {
		o.drained()
	}
}

func (o *outbox) waiting() *bool { return &o.waits }
