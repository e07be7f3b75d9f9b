package httpget

import (
	"io"
	"net/http"
	"time"
)

// A Request describes one transfer: what to ask for, and what to do with the answer.
type Request struct {
	// URL is what to fetch; without a scheme it is http. Only http and https are supported.
	URL string

	// Method is the HTTP method. Empty means HEAD with NoBody, POST with a
	// Body and GET otherwise. A method given here is used for every
	// redirect too, as with curl's -X.
	Method string

	// Header holds additional header fields, their names spelled as they are
	// to be sent. A name with a nil value removes a field that would be
	// sent otherwise. Host replaces the Host field, for the first host only.
	Header http.Header

	// Body is sent with the request; nil sends none, and an empty slice an empty one.
	Body []byte

	// NoBody asks for the header only.
	NoBody bool

	// User is "name:password" for Basic authentication. Like the fields
	// Authorization and Cookie it goes to no other origin when a redirect is followed.
	User string

	// Referer is the Referer field; with AutoReferer a followed redirect sends
	// the URL that it came from.
	Referer     string
	AutoReferer bool

	// Compressed offers gzip and deflate and undoes them.
	Compressed bool

	// Follow goes where a Location field points, at most MaxRedirects times;
	// a negative number means no limit.
	Follow       bool
	MaxRedirects int

	// Timeout bounds the whole transfer, redirects included; 0 means no limit.
	Timeout time.Duration

	// Fail says what becomes of a status of 400 or above.
	Fail FailMode

	// LimitRate bounds the average rate of receiving, in bytes per second; 0 means no limit.
	LimitRate int64

	// Output takes the body. Nil discards it.
	Output io.Writer

	// HeaderOutput takes the header of every answer, as it was received.
	HeaderOutput io.Writer

	// Progress is called with the bytes of the body received so far and the
	// length announced, -1 if unknown: once when the body begins, and
	// after each read. It must return soon.
	Progress func(received, total int64)

	// Trace is called with everything that is sent and received, and with
	// remarks, in order. Calls never overlap. It must return soon.
	Trace func(TraceEvent)
}

// A FailMode says what becomes of a status of 400 or above.
type FailMode int

// The modes.
const (
	FailNever    FailMode = iota // it is an answer like any other
	FailEarly                    // an HTTPError, and the body is not read
	FailWithBody                 // an HTTPError after the body has been delivered
)

// A TraceKind says what a TraceEvent holds.
type TraceKind int

// The kinds, in the order of curl's debug types.
const (
	TraceText      TraceKind = iota // a remark, one line without its end
	TraceHeaderIn                   // one header line received, with its end
	TraceHeaderOut                  // a request's header, whole
	TraceDataIn                     // part of a body received, as on the wire
	TraceDataOut                    // part of a body sent
)

// A TraceEvent is one thing that happened in a transfer. Data is valid during the call only.
type TraceEvent struct {
	Kind TraceKind
	Data []byte
}
