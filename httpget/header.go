package httpget

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
)

// The request as it is sent: curl's fields, then the user's in their place.

// method returns the method of the next request.
func (t *transfer) method() string {
	switch {
	case t.req.Method != "":
		return t.req.Method
	case t.req.NoBody:
		return http.MethodHead
	case t.post:
		return http.MethodPost
	}
	return http.MethodGet
}

// expectAbove is the size of a body from which on the server is asked first
// whether it wants it (Expect: 100-continue); curl's choice.
const expectAbove = 1 << 20

// newRequest builds the request of a hop.
func (h *hop) newRequest(ctx context.Context) *http.Request {
	t := h.t
	r := &http.Request{
		Method: h.Method,
		URL:    h.target.requestURL(),
		Host:   h.target.hostHeader(),
		Header: h.defaults(),
	}
	if t.post {
		r.Body = io.NopCloser(bytes.NewReader(t.req.Body))
		r.ContentLength = int64(len(t.req.Body))
		if len(t.req.Body) == 0 {
			r.Body = http.NoBody
		}
	}
	h.override(r)
	return r.WithContext(ctx)
}

// defaults returns the fields that are sent unless the user says otherwise.
func (h *hop) defaults() http.Header {
	t := h.t
	header := http.Header{"Accept": {"*/*"}, "User-Agent": {t.client.UserAgent}}
	set := func(name, value string) {
		if value != "" {
			header[name] = []string{value}
		}
	}
	if t.req.Compressed {
		set("Accept-Encoding", "deflate, gzip")
	}
	if t.post {
		set("Content-Type", "application/x-www-form-urlencoded")
		if len(t.req.Body) > expectAbove {
			set("Expect", "100-continue")
		}
	}
	set("Referer", t.res.Referer)
	if h.trusted() {
		set("Authorization", h.authorization())
	}
	return header
}

// trusted reports whether the hop goes to where the user sent the credentials.
func (h *hop) trusted() bool { return h.target.origin() == h.t.first }

// authorization returns the Basic credentials, RFC 7617, or nothing.
func (h *hop) authorization() string {
	user, password, ok := h.target.credentials()
	pair := user + ":" + password
	if !ok {
		if pair = h.t.req.User; pair == "" {
			return ""
		}
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

// override puts the user's fields in place of the defaults. Their names are
// sent as they were typed, but for those that net/http itself looks for.
func (h *hop) override(r *http.Request) {
	for name, values := range h.t.req.Header {
		if h.isSecret(name) && !h.trusted() {
			continue
		}
		switch canonical := http.CanonicalHeaderKey(name); canonical {
		case "Host":
			if len(values) > 0 && h.target.origin() == h.t.first {
				r.Host = values[0]
			}
		case "User-Agent":
			if len(values) == 0 {
				values = []string{""} // net/http would send its own
			}
			r.Header[canonical] = values
		case "Transfer-Encoding":
			if r.Body != nil && len(values) > 0 && strings.EqualFold(values[0], "chunked") {
				r.ContentLength = -1
			}
		case "Content-Length": // the body knows its own
		default:
			delete(r.Header, canonical)
			if len(values) > 0 {
				r.Header[name] = values
			}
		}
	}
}

// isSecret reports whether a field is meant for one host only.
func (h *hop) isSecret(name string) bool {
	return strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "Cookie")
}

// splitField takes a header line apart.
func splitField(line string) field {
	name, value, _ := strings.Cut(line, ":")
	return field{name, strings.TrimSpace(value)}
}
