package stack

import (
	"io"
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Reading and writing. Text is copied once, between the caller's slice and the buffers of the
// connection, outside of the lock.

// takeBatch is how many pieces of text a Read takes out at once: a few packets' worth.
const takeBatch = 16

// Read reads what has arrived. It blocks until there is something; io.EOF follows the peer's FIN.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.readText(b)
	if err != nil && err != io.EOF {
		err = c.opError("read", err)
	}
	return n, err
}

func (c *Conn) readText(b []byte) (int, error) {
	if err := c.enter(&c.read); err != nil {
		return 0, err
	}
	defer c.read.leave()
	if len(b) == 0 {
		return 0, nil // as package net does, whatever the deadline
	}
	if err := c.check(&c.read); err != nil {
		return 0, err
	}
	for {
		if n, err := c.readReady(b); n > 0 || err != nil {
			return n, err
		}
		if err := c.wait(&c.read); err != nil {
			return 0, err
		}
	}
}

// readReady reads what is there; 0 and no error mean that nothing is.
func (c *Conn) readReady(b []byte) (int, error) {
	var texts [takeBatch]tcp.Text
	c.net.mu.Lock()
	now := c.net.now()
	c.openNow(now)
	k, n := c.take(now, &texts, b)
	var err error
	if n == 0 {
		err = c.endOfText()
	} else {
		c.sock.Touch(now)
		c.net.pumpOut(now) // perhaps a window update
	}
	c.net.mu.Unlock()
	at := 0
	for i := range texts[:k] {
		at += copy(b[at:], texts[i].Bytes)
		texts[i].Free()
	}
	return n, err
}

// take moves text out: whole pieces to be copied later, and, when the first one
// is longer than b, its beginning right into b. It returns how many pieces and how many bytes.
func (c *Conn) take(now ip.Time, texts *[takeBatch]tcp.Text, b []byte) (k, n int) {
	for k < takeBatch {
		text, ok := c.sock.conn.Take(now, len(b)-n)
		if !ok {
			break
		}
		texts[k] = text
		n += len(text.Bytes)
		k++
	}
	if k == 0 {
		n = c.sock.conn.Receive(now, b)
	}
	return k, n
}

// endOfText says why there will be no more text: io.EOF, or what ended the connection; nil
// when there may be some. The order is Linux's: a FIN counts before a reset that came after it.
func (c *Conn) endOfText() error {
	switch {
	case c.isClosed:
		return c.reason
	case c.sock.conn.PeerFIN():
		return io.EOF
	}
	if err := c.pendingError("read"); err != nil {
		return err
	}
	if c.shut || c.sock.conn.State() == tcp.Closed {
		return io.EOF
	}
	return nil
}

// Write writes b. It returns when everything is in the send buffer; the peer has not
// acknowledged it then. It blocks while the buffer is full.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.writeText(b)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

func (c *Conn) writeText(b []byte) (n int, err error) {
	if err := c.enter(&c.write); err != nil {
		return 0, err
	}
	defer c.write.leave()
	if err := c.check(&c.write); err != nil {
		return 0, err
	}
	var room []byte
	for {
		filled := copy(room, b[n:])
		var took int
		took, room, err = c.fill(filled, len(b)-n-filled)
		n += took
		switch {
		case err != nil || n == len(b):
			return n, err
		case len(room) == 0:
			if err := c.wait(&c.write); err != nil {
				return n, err
			}
		}
	}
}

// fill sends the bytes that were filled in and says how many it took: all or none. Then it reserves room
// in the send buffer for up to want more; it may find none. Writing nothing finds errors, too, as it does in Linux.
func (c *Conn) fill(filled, want int) (took int, room []byte, err error) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	err = c.writeError()
	if filled > 0 {
		now := c.net.now()
		if err == nil {
			took = filled
		}
		flags := tcp.SendFlags(0)
		if want > 0 {
			flags = tcp.SendPart
		}
		c.sock.conn.Commit(now, took, flags) // nothing, if it was closed while we copied
		c.sock.Touch(now)
		c.net.pumpOut(now)
		if err == nil && want > 0 {
			err = c.writeError() // pumpOut has given up the lock
		}
	}
	if err != nil || want == 0 {
		return took, nil, err
	}
	if room = c.sock.conn.Reserve(want); len(room) == 0 && filled > 0 {
		c.sock.conn.Push(c.net.now()) // what there is must not wait for what there is no room for
		c.sock.Touch(c.net.now())
		c.net.pumpOut(c.net.now())
	}
	if len(room) == 0 && c.sock.conn.Writable() > 0 {
		c.net.starved[c] = true
	}
	return took, room, nil
}

// writeError says why nothing can be written; nil when it can, or could if there was room.
func (c *Conn) writeError() error {
	if c.isClosed {
		return c.reason
	}
	if err := c.pendingError("write"); err != nil {
		return err
	}
	if !c.sock.conn.CanSend() {
		return syscallError("write", syscall.EPIPE)
	}
	return nil
}
