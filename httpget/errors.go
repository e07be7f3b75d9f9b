package httpget

import "fmt"

// A Code says how a transfer ended, in curl's numbers: what users' scripts test for.
type Code int

// The codes. Everything that curl also knows has curl's number.
const (
	OK                  Code = 0
	UnsupportedProtocol Code = 1
	BadUsage            Code = 2
	BadURL              Code = 3
	CouldNotResolve     Code = 6
	CouldNotConnect     Code = 7
	WeirdReply          Code = 8
	HTTP2Error          Code = 16
	PartialFile         Code = 18
	HTTPError           Code = 22 // status 400 or above, and the caller asked for that to fail
	WriteError          Code = 23
	ReadError           Code = 26 // of a local file
	TimedOut            Code = 28
	RangeError          Code = 33
	TLSError            Code = 35
	InterfaceFailed     Code = 45 // the local address or port cannot be used
	TooManyRedirects    Code = 47
	BadResolveRule      Code = 49
	EmptyReply          Code = 52
	SendError           Code = 55
	ReceiveError        Code = 56
	CertificateError    Code = 60
	BadEncoding         Code = 61
	BadCAFile           Code = 77
	HTTP2StreamError    Code = 92
	NoPrivilege         Code = 126 // curl leaves it free; shells use it so
	Interrupted         Code = 130 // as a shell reports SIGINT
)

// An Error is a transfer that failed. Its text is the whole story in one line.
type Error struct {
	Code Code
	Msg  string // what failed, where, after how long, why
	Hint string // what to do about it; may be empty
	Err  error  // what net, tls or http said; may be nil
}

// Error returns the message.
func (e *Error) Error() string { return e.Msg }

// Unwrap returns the error underneath.
func (e *Error) Unwrap() error { return e.Err }

func errorf(code Code, err error, format string, args ...any) *Error {
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...), Err: err}
}
