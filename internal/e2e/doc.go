// Package e2e holds the tests of the whole: the sockeye command in a network
// namespace of its own, real web servers in another, a cable between them, and
// programs of others (curl, tshark) as judges. They need root, /dev/net/tun and what .ci/run installs, and
// skip with the reason where something is missing.
//
// SOCKEYE_E2E=full adds what takes long: bodies of 1 GiB, every seed, 10,000 fetches. SOCKEYE_E2E=all fetches
// 1 GiB from every server over the bad link for every seed, too: 240 GiB.
package e2e
