// Package pcap reads IP packets out of captures: files in pcap and in pcapng, as
// tcpdump, Wireshark and this program write them.
//
// A capture is input from somebody else. A Reader believes no length in it: it holds one
// packet of at most MaxPacket bytes at a time, whatever the file says, and a file that is
// cut off, damaged or of another kind ends in an *Error with the place and what to do.
//
// The link layer is taken off: Ethernet with any VLAN tags, Linux cooked captures (SLL and
// SLL2), the BSD loopback header and raw IP. What carries no IP is passed over and counted.
//
// The formats are read by hand rather than by gopacket: its release takes 4 GiB of memory
// on the word of a file, panics on short options, and keeps link types in eight bits, where
// SLL2 is number 276. The tests compare with it.
package pcap
