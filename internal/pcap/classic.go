package pcap

import (
	"encoding/binary"
	"fmt"
	"time"
)

// The pcap format: a header, then records. See draft-ietf-opsawg-pcap.

// A classic is a pcap file behind its header.
type classic struct {
	src   *source
	order binary.ByteOrder
	unit  time.Duration // of the fraction in times
	link  linkType
}

// newClassic reads the header of a file. The magic number tells its byte order and its unit of time.
func newClassic(src *source, magic [4]byte) (*classic, error) {
	c := &classic{src: src, order: binary.ByteOrder(binary.BigEndian), unit: time.Microsecond}
	if magic[0] != 0xa1 {
		c.order = binary.LittleEndian
	}
	if c.order.Uint32(magic[:]) == 0xa1b23c4d {
		c.unit = time.Nanosecond
	}
	h, err := src.rest(24, "its header")
	if err != nil {
		return nil, err
	}
	if major, minor := c.order.Uint16(h[4:]), c.order.Uint16(h[6:]); major != 2 {
		return nil, src.alien(fmt.Sprintf("a pcap of version %d.%d, where 2.4 is supported", major, minor))
	}
	// The upper bits tell of frame check sequences, which an IP length leaves behind.
	c.link = linkType(c.order.Uint32(h[20:]) & 0x03ffffff)
	if !c.link.supported() {
		return nil, src.alien(c.link.refusal())
	}
	return c, nil
}

// next reads a record.
func (c *classic) next() (frame, error) {
	h, err := c.src.take(16, "the header of a packet")
	if err != nil {
		return frame{}, err
	}
	seconds, fraction := c.order.Uint32(h), c.order.Uint32(h[4:])
	n, wire := c.order.Uint32(h[8:]), c.order.Uint32(h[12:])
	if n > MaxPacket {
		return frame{}, c.src.damaged(fmt.Sprintf("a packet of %d bytes, more than %d", n, MaxPacket))
	}
	if n > wire {
		return frame{}, c.src.damaged(fmt.Sprintf("%d bytes captured of a packet of %d", n, wire))
	}
	data, err := c.src.rest(int(n), "a packet")
	if err != nil {
		return frame{}, err
	}
	when := time.Unix(int64(seconds), int64(fraction)*int64(c.unit)).UTC()
	return frame{when, c.link, data}, nil
}
