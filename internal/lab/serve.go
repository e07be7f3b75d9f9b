package lab

import "net"

// Serve hands each connection to handle, in a goroutine of its own, and closes it afterwards. It returns when the
// listener ends. What handle returns nobody hears of: the client says what went wrong; it is the one who is asked.
func Serve(l net.Listener, handle func(net.Conn) error) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			_ = handle(conn)
		}()
	}
}
