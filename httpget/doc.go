// Package httpget is the mini-curl: it fetches one URL over any dialer and says
// how long each phase took.
//
// HTTP itself is net/http and TLS is crypto/tls. What this package adds is what
// curl's users expect round them: the seven timings, write-out variables, curl's
// exit codes, header bytes exactly as they came over the wire, redirects that do
// not carry credentials to another host, and a trace of everything sent and
// received. The connection comes from a DialContext function, so that the same
// fetch runs over the kernel's TCP and over a userspace stack; the package knows
// neither.
//
// A transfer is a row of hops (transfer.go): one request and its answer, then the
// next if it was a redirect. Each hop takes an idle connection or opens one
// (dial.go, tls.go), whose bytes pass a tap (tap.go, tap1.go, tap2.go) that
// sees requests and answers in the clear.
package httpget
