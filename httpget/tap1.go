package httpget

import (
	"bytes"
	"strings"
)

// HTTP/1.1 as the tap reads it, RFC 9112 §2.

// maxLine bounds a header line that the tap holds; net/http gives up on
// longer ones by itself, see maxHeader.
const maxLine = maxHeader

// lines splits HTTP/1 messages: header lines up to an empty one, then a body
// until begin is called. An interim answer (1xx) is followed by another header.
type lines struct {
	answer  bool   // splits answers; otherwise requests
	line    []byte // begun, without its end so far
	block   []byte // of a request: its header, which is emitted whole
	nth     int    // lines of this header so far
	interim bool
	body    bool
}

func (l *lines) begin() {
	answer := l.answer
	*l = lines{answer: answer, line: l.line[:0], block: l.block[:0]}
}

func (l *lines) feed(p []byte, emit func(part)) {
	for len(p) > 0 && !l.body {
		i := bytes.IndexByte(p, '\n') + 1
		if i == 0 {
			i = len(p)
		}
		l.line = append(l.line, p[:i]...)
		p = p[i:]
		if l.isNoAnswer() || len(l.line) > maxLine {
			l.body = true
			emit(part{kind: partJunk, data: l.line})
		} else if l.line[len(l.line)-1] == '\n' {
			l.endLine(emit)
		}
	}
	if len(p) > 0 {
		emit(part{kind: partData, data: p})
	}
}

// isNoAnswer reports whether the first line cannot be the start of an answer:
// HTTP/0.9 had no header, and other protocols none that we know.
func (l *lines) isNoAnswer() bool {
	const start = "HTTP/"
	n := min(len(l.line), len(start))
	return l.answer && l.nth == 0 && string(l.line[:n]) != start[:n]
}

func (l *lines) endLine(emit func(part)) {
	blank := len(bytes.TrimRight(l.line, "\r\n")) == 0
	p := part{kind: partLine, data: l.line, first: l.nth == 0}
	if blank {
		p.kind = partBlank
	}
	if l.nth == 0 && l.answer {
		l.interim = isInterim(string(l.line))
	}
	l.nth++
	if l.answer {
		emit(p)
	} else if l.block = append(l.block, l.line...); blank {
		emit(part{kind: partBlank, data: l.block})
	}
	l.line = l.line[:0]
	if blank {
		l.body, l.nth = !l.interim, 0
	}
}

// isInterim reports whether a status line is that of an interim answer, RFC
// 9110 §15.2. After 101 the connection speaks something else.
func isInterim(status string) bool {
	_, code, _ := strings.Cut(status, " ")
	return strings.HasPrefix(code, "1") && !strings.HasPrefix(code, "101")
}
