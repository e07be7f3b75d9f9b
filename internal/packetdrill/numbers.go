package packetdrill

// HostISN is the initial sequence number of every connection of the host in a script. Only a reset that answers
// a segment without ACK shows it: its number is zero on the wire (RFC 9293 §3.10.7.1), and so -HostISN in
// a script once the host has sent a SYN.
const HostISN = hostISN

// ZeroStamp is what the host's clock for timestamps shows, in milliseconds since its zero, when the timestamp
// on the wire is zero, which means none when it is echoed.
const ZeroStamp = (1<<32 - stampOffset) % (1 << 32)
