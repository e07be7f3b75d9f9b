package httpget

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// URLs as curl reads them, RFC 3986: what net/url refuses or rewrites (stray percent signs,
// doubled slashes) is sent as it was typed.

// A target is a URL taken apart.
type target struct {
	scheme   string // "http" or "https"
	userinfo string // as typed, without the "@"; may be empty
	hasUser  bool
	host     string // without brackets
	port     string // never empty
	explicit bool   // the port was in the URL
	path     string // begins with "/"; dot segments are gone
	query    string // with its "?", or empty
	fragment string // with its "#", or empty
	assumed  bool   // the scheme was not in the URL
}

// parseURL takes a URL apart as curl does: without a scheme it is http.
func parseURL(s string) (*target, *Error) {
	t := &target{scheme: "http", assumed: true}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, badURL(s, "it has a space or a control character in it")
	}
	rest := s
	if scheme, after, ok := strings.Cut(s, "://"); ok && isScheme(scheme) {
		t.scheme, t.assumed, rest = strings.ToLower(scheme), false, after
	}
	if t.scheme != "http" && t.scheme != "https" {
		return nil, &Error{Code: UnsupportedProtocol, Msg: fmt.Sprintf("Protocol %q not supported", t.scheme)}
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if why := t.setAuthority(rest[:end]); why != "" {
		return nil, badURL(s, why)
	}
	t.setPath(rest[end:])
	return t, nil
}

// Host returns the host that a URL names, as Get would read it.
func Host(url string) (string, error) {
	t, err := parseURL(url)
	if err != nil {
		return "", err
	}
	return t.host, nil
}

func badURL(s, why string) *Error {
	return &Error{Code: BadURL, Msg: fmt.Sprintf("URL %q cannot be used: %s", s, why)}
}

// isScheme reports whether s is spelled like a scheme, RFC 3986 §3.1.
func isScheme(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		other := r >= '0' && r <= '9' || r == '+' || r == '-' || r == '.'
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return s != ""
}

// setAuthority reads "user:password@host:port" and returns what is wrong with it, if anything is.
func (t *target) setAuthority(s string) string {
	t.userinfo, t.hasUser = "", false
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		t.userinfo, t.hasUser, s = s[:at], true, s[at+1:]
	}
	port := ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || net.ParseIP(zoneless(s[1:end])) == nil {
			return "the IPv6 address is malformed"
		}
		t.host, port = strings.Replace(s[1:end], "%25", "%", 1), s[end+1:]
		return t.setPort(port)
	}
	if colon := strings.IndexByte(s, ':'); colon >= 0 {
		s, port = s[:colon], s[colon:]
	}
	if why := t.setPort(port); why != "" {
		return why
	}
	return t.setHost(s)
}

func zoneless(addr string) string {
	addr, _, _ = strings.Cut(addr, "%")
	return addr
}

func (t *target) setPort(port string) string {
	t.explicit = false
	t.port = "80"
	if t.scheme == "https" {
		t.port = "443"
	}
	if port == "" || port == ":" {
		return ""
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(port, ":"), 10, 16)
	if err != nil || !strings.HasPrefix(port, ":") {
		return "the port is no number from 0 to 65535"
	}
	t.port, t.explicit = strconv.FormatUint(n, 10), true
	return ""
}

func (t *target) setHost(host string) string {
	t.host = unescape(host)
	if strings.ContainsFunc(t.host, func(r rune) bool { return r >= 0x80 }) {
		ascii, err := idna.Lookup.ToASCII(t.host)
		if err != nil {
			return "the host name is no international domain name"
		}
		t.host = ascii
	}
	switch {
	case t.host == "":
		return "there is no host in it"
	case strings.ContainsAny(t.host, " \t\r\n\x00/?#@<>\"{}|\\^`[]:%"):
		return "the host name is malformed"
	}
	return ""
}

// setPath reads everything after the authority.
func (t *target) setPath(s string) {
	s, fragment, ok := strings.Cut(s, "#")
	t.fragment, t.query = "", ""
	if ok {
		t.fragment = "#" + fragment
	}
	if path, query, ok := strings.Cut(s, "?"); ok {
		s, t.query = path, "?"+escape(query)
	}
	t.path = removeDotSegments(escape(s))
}

// escape percent-encodes what may not stand in a request line.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// removeDotSegments is RFC 3986 §5.2.4; the result begins with a slash.
func removeDotSegments(path string) string {
	var out []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".":
		case "..":
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, s)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

// resolve reads a Location header that came from t, RFC 3986 §5.2.2.
func (t *target) resolve(ref string) (*target, *Error) {
	ref = strings.TrimSpace(ref)
	if scheme, _, ok := strings.Cut(ref, "://"); ok && isScheme(scheme) {
		return parseURL(escape(ref))
	}
	next := *t
	next.assumed = false
	switch {
	case strings.HasPrefix(ref, "//"):
		return parseURL(t.scheme + ":" + escape(ref))
	case strings.HasPrefix(ref, "/"):
		next.setPath(ref)
	case strings.HasPrefix(ref, "?"):
		next.setPath(t.path + ref)
	case strings.HasPrefix(ref, "#"):
		next.fragment = ref
	default:
		dir := t.path[:strings.LastIndexByte(t.path, '/')+1]
		next.setPath(dir + ref)
	}
	return &next, nil
}

// String returns the URL in full, as %{url_effective} shows it.
func (t *target) String() string {
	user := ""
	if t.hasUser {
		user = t.userinfo + "@"
	}
	return t.scheme + "://" + user + t.hostPort() + t.path + t.query + t.fragment
}

// hostPort returns the authority without credentials, and with the port only if the URL had one.
func (t *target) hostPort() string {
	host := t.host
	if strings.Contains(host, ":") {
		host = "[" + strings.Replace(host, "%", "%25", 1) + "]" // RFC 6874
	}
	if t.explicit {
		host += ":" + t.port
	}
	return host
}

// hostHeader returns what the Host header says: the port only when it is not the scheme's own.
func (t *target) hostHeader() string {
	u := *t
	u.explicit = t.port != map[string]string{"http": "80", "https": "443"}[t.scheme]
	if before, _, ok := strings.Cut(u.host, "%"); ok {
		u.host = before // RFC 6874 §4: a zone means nothing to the other host
	}
	return u.hostPort()
}

// address returns host:port for dialing.
func (t *target) address() string { return net.JoinHostPort(t.host, t.port) }

// origin names what credentials are bound to.
func (t *target) origin() string {
	return t.scheme + "://" + strings.ToLower(t.address())
}

// credentials returns the user name and password in the URL, decoded.
func (t *target) credentials() (user, password string, ok bool) {
	if !t.hasUser {
		return "", "", false
	}
	user, password, _ = strings.Cut(t.userinfo, ":")
	return unescape(user), unescape(password), true
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// requestURL returns a URL that net/http sends just as t is written.
func (t *target) requestURL() *url.URL {
	u := &url.URL{Scheme: t.scheme, Host: t.hostHeader()}
	if !strings.HasPrefix(t.path, "//") {
		u.Opaque = t.path + t.query
		return u
	}
	// An opaque part that begins with two slashes would be read as an authority.
	path, err := url.PathUnescape(t.path)
	u.Path, u.RawPath = path, t.path
	if err != nil || u.EscapedPath() != t.path {
		// The absolute form says the same (RFC 9112 §3.2.2).
		return &url.URL{Scheme: u.Scheme, Host: u.Host, Opaque: "//" + u.Host + t.path + t.query}
	}
	u.RawQuery, u.ForceQuery = strings.TrimPrefix(t.query, "?"), t.query == "?"
	return u
}
