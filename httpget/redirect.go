package httpget

import (
	"io"
	"net/http"
)

// Redirects, RFC 9110 §15.4, as curl follows them.

// redirect returns where the answer sends us, nil to stay. It changes the
// transfer for the next hop.
func (h *hop) redirect(resp *http.Response) (*target, *Error) {
	location := resp.Header.Get("Location")
	if resp.StatusCode < 300 || resp.StatusCode > 399 || location == "" {
		return nil, nil
	}
	t := h.t
	next, err := h.target.resolve(location)
	if !t.req.Follow {
		if err == nil {
			t.res.RedirectURL = next.String()
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if limit := t.req.MaxRedirects; limit >= 0 && t.res.NumRedirects >= limit {
		t.res.RedirectURL = next.String()
		return nil, errorf(TooManyRedirects, nil, "Maximum (%d) redirects followed", limit)
	}
	t.res.NumRedirects++
	t.post = t.post && keepsBody(resp.StatusCode)
	if t.req.AutoReferer {
		t.res.Referer = h.refererURL()
	}
	return next, nil
}

// keepsBody reports whether a redirect asks for the same request again. For 301 and 302 the RFC
// leaves it open ("for historical reasons"); curl, like browsers, goes on with GET.
func keepsBody(status int) bool {
	return status != http.StatusMovedPermanently && status != http.StatusFound && status != http.StatusSeeOther
}

// refererURL returns the hop's URL without what is nobody's business, RFC 9110 §10.1.3.
func (h *hop) refererURL() string {
	u := *h.target
	u.hasUser, u.fragment = false, ""
	return u.String()
}

// maxDiscard bounds how much of a redirect's body is read only to keep the
// connection; a new connection costs less than more than this.
const maxDiscard = 256 << 10

// discard reads away the body of an answer that nobody wants.
func (h *hop) discard(resp *http.Response) {
	_, err := io.CopyN(io.Discard, resp.Body, maxDiscard)
	resp.Body.Close()
	h.whole = err == io.EOF
}
