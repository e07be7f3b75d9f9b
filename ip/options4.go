package ip

// IPv4 options, RFC 791 §3.1 and RFC 1122 §3.2.1.8: read over, and refused when malformed.

// The options that get attention.
const (
	optionEnd  = 0
	optionNop  = 1
	optionLSRR = 131 // loose source route
	optionSSRR = 137 // strict source route
)

// checkOptions4 walks the options of an IPv4 header. None of them changes what
// we do, so that they are skipped once they are known to be well-formed (RFC 9293 §3.9.2, MUST-50).
//
// Source routes are refused: RFC 7126 §4.3.5 and §4.4.5 advise it, and Linux
// does by default (accept_source_route), because replies along a reversed
// route would hand a connection to whoever wrote the route.
func checkOptions4(header []byte, h *Header) Drop {
	for i := HeaderLen4; i < len(header); {
		kind := header[i]
		if kind == optionEnd {
			return NoDrop
		}
		if kind == optionNop {
			i++
			continue
		}
		if i+1 >= len(header) || header[i+1] < 2 || i+int(header[i+1]) > len(header) {
			h.Report, h.ReportAt = ParameterProblem, i
			return DropOptions
		}
		if kind == optionLSRR || kind == optionSSRR {
			return DropOptions
		}
		i += int(header[i+1])
	}
	return NoDrop
}
