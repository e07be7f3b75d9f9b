package pcap

// This file writes captures. It is the only one here that knows gopacket; tests apart.

import (
	"fmt"
	"io"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// A Writer writes IP packets as pcapng: one interface of raw IP, times in nanoseconds.
type Writer struct{ ng *pcapgo.NgWriter }

// NewWriter begins a capture. The name is that of the interface, and comment says what it holds. Nothing
// may be in w before Flush.
func NewWriter(w io.Writer, name, comment string) (*Writer, error) {
	ng, err := pcapgo.NewNgWriterInterface(w,
		pcapgo.NgInterface{Name: name, LinkType: layers.LinkTypeRaw, TimestampResolution: 9},
		pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "sockeye", Comment: comment}})
	if err != nil {
		return nil, fmt.Errorf("begin capture: %w", err)
	}
	return &Writer{ng}, nil
}

// Write adds a packet. Times before 1970 cannot be written.
func (w *Writer) Write(when time.Time, packet []byte) error {
	return w.ng.WritePacket(gopacket.CaptureInfo{Timestamp: when, CaptureLength: len(packet), Length: len(packet)}, packet)
}

// Flush writes what is left.
func (w *Writer) Flush() error { return w.ng.Flush() }
