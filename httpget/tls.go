package httpget

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"
)

// TLS over the connection, RFC 8446, and who the server is.

// secure makes a link of a TCP connection, with TLS where the URL asks for it.
func (h *hop) secure(ctx context.Context, raw net.Conn) (*link, *Error) {
	conn, h2 := raw, h.t.client.Version == HTTP2PriorKnowledge
	var state *tls.ConnectionState
	v := &verifier{insecure: h.t.client.Insecure, host: h.target.host}
	end := &parting{Conn: raw}
	if h.target.scheme == "https" {
		c := tls.Client(end, h.t.client.tlsConfig(v))
		err := c.HandshakeContext(ctx)
		h.t.res.VerifyErr, h.t.res.Certs = v.err, v.chain
		if err != nil {
			return nil, h.tlsError(ctx, err, v)
		}
		mark(&h.Times.AppConnect, h.start)
		s := c.ConnectionState()
		conn, state = c, &s
		h2 = h2 || s.NegotiatedProtocol == "h2"
		h.t.describeTLS(&s, v)
	}
	l, err := newLink(ctx, h.target, conn, h2)
	if err != nil {
		return nil, h.exchangeError(ctx, l, err, false)
	}
	l.end, l.tls, l.verify = end, state, v.err
	return l, nil
}

// tlsConfig returns the configuration for one connection.
func (c *Client) tlsConfig(v *verifier) *tls.Config {
	cfg := &tls.Config{}
	if c.TLS != nil {
		cfg = c.TLS.Clone()
	}
	cfg.ServerName = v.host
	v.roots = cfg.RootCAs
	// We verify by ourselves, so that with Insecure, too, the user learns
	// what is wrong with the certificate.
	cfg.InsecureSkipVerify = true
	cfg.VerifyConnection = v.verify
	switch c.Version {
	case HTTP1:
		cfg.NextProtos = []string{"http/1.1"}
	case HTTP2PriorKnowledge:
		cfg.NextProtos = []string{"h2"}
	default:
		cfg.NextProtos = []string{"h2", "http/1.1"}
	}
	return cfg
}

// A verifier checks the server's chain and remembers what it found.
type verifier struct {
	host     string
	roots    *x509.CertPool
	insecure bool
	chain    []*x509.Certificate
	err      error
}

func (v *verifier) verify(s tls.ConnectionState) error {
	v.chain = s.PeerCertificates
	opts := x509.VerifyOptions{DNSName: v.host, Roots: v.roots, Intermediates: x509.NewCertPool()}
	for _, c := range s.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	if _, err := s.PeerCertificates[0].Verify(opts); err != nil {
		v.err = err
	}
	if v.insecure {
		return nil
	}
	return v.err
}

// tlsError says why the handshake failed.
func (h *hop) tlsError(ctx context.Context, err error, v *verifier) *Error {
	var record tls.RecordHeaderError
	switch {
	case ctx.Err() != nil:
		return h.t.ended(ctx, err, "TLS handshake timed out after %d milliseconds", time.Since(h.start).Milliseconds())
	case v.err != nil:
		e := errorf(CertificateError, v.err, "SSL certificate problem: %s", certificateProblem(v.err))
		e.Hint = "--cacert FILE trusts its issuer; -k goes on without knowing who the server is"
		return e
	case errors.As(err, &record):
		e := errorf(TLSError, err, "TLS handshake with %s failed: the server does not speak TLS on port %s", h.host, h.port)
		e.Hint = "perhaps the URL should begin with http://"
		return e
	}
	return errorf(TLSError, err, "TLS handshake with %s failed: %s", h.host, reason(err))
}

// certificateProblem says in a few words what is wrong with a chain.
func certificateProblem(err error) string {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown) && unknown.Cert != nil && selfSigned(unknown.Cert):
		return "self-signed certificate"
	case errors.As(err, &unknown):
		return "unable to get local issuer certificate"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "certificate has expired or is not yet valid: " + invalid.Detail
	}
	return err.Error()
}

func selfSigned(c *x509.Certificate) bool { return c.CheckSignatureFrom(c) == nil }

// verifyResult returns OpenSSL's number for what is wrong with a chain, which
// curl shows as ssl_verify_result; 1 ("unspecified") where it has none.
func verifyResult(err error) int {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	switch {
	case err == nil, errors.As(err, &host): // OpenSSL leaves the name to its caller
		return 0
	case errors.As(err, &unknown) && unknown.Cert != nil && selfSigned(unknown.Cert):
		return 18
	case errors.As(err, &unknown):
		return 20
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return 10
	}
	return 1
}

// describeTLS tells the trace what was agreed on.
func (t *transfer) describeTLS(s *tls.ConnectionState, v *verifier) {
	if t.req.Trace == nil {
		return
	}
	t.infof("SSL connection using %s / %s", tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite))
	if s.NegotiatedProtocol != "" {
		t.infof("ALPN: server accepted %s", s.NegotiatedProtocol)
	} else {
		t.infof("ALPN: server did not agree on a protocol. Uses default.")
	}
	leaf := s.PeerCertificates[0]
	const date = "Jan _2 15:04:05 2006 GMT"
	t.infof("Server certificate:")
	t.infof(" subject: %s", leaf.Subject)
	t.infof(" start date: %s", leaf.NotBefore.UTC().Format(date))
	t.infof(" expire date: %s", leaf.NotAfter.UTC().Format(date))
	t.infof(" issuer: %s", leaf.Issuer)
	if v.err != nil {
		t.infof(" SSL certificate verify result: %s (%d), continuing anyway.", certificateProblem(v.err), verifyResult(v.err))
	} else {
		t.infof(" SSL certificate verify ok.")
	}
}
