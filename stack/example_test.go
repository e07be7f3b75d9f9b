package stack_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tun"
)

// Two stacks in one program, joined by a pipe: no privilege is needed.
func Example() {
	devA, devB := tun.NewPipe(1500)
	a, err := stack.New(devA, stack.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	b, err := stack.New(devB, stack.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()

	ln, err := b.Listen("tcp", ":7")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.Copy(conn, conn)
	}()

	conn, err := a.Dial("tcp", "10.0.0.2:7")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "hello")
	conn.(*stack.Conn).CloseWrite()
	echo, err := io.ReadAll(conn)
	fmt.Printf("%s %v\n", echo, err)
	// Output: hello <nil>
}

// net/http over a stack, on both sides.
func ExampleNet_DialContext() {
	devA, devB := tun.NewPipe(1500)
	a, err := stack.New(devA, stack.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	b, err := stack.New(devB, stack.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()

	ln, err := b.Listen("tcp", ":80")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "a page")
	}))

	client := http.Client{Transport: &http.Transport{DialContext: a.DialContext, ForceAttemptHTTP2: true}}
	resp, err := client.Get("http://10.0.0.2/")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	fmt.Printf("%s %v\n", page, err)
	// Output: a page <nil>
}

// A graceful end: what was written arrives.
func ExampleNet_Shutdown() {
	dev, _ := tun.NewPipe(1500)
	n, err := stack.New(dev, stack.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	fmt.Println(n.Shutdown(ctx))
	// Output: <nil>
}

// A Host is a whole machine without goroutines or clock. This one connects to a port of its
// own where nobody listens: the SYN and the RST never leave it.
func ExampleHost() {
	h := stack.NewHost(stack.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}})
	now := ip.Time(time.Second)
	_, call, errno := h.Connect(now, netip.AddrPort{}, netip.MustParseAddrPort("10.0.0.1:80"))
	fmt.Printf("%q %v\n", call, errno == 0)

	var p ip.Packet
	for h.Next(now, &p) {
		p.Unpin()
	}
	fmt.Println(h.Stats().OutSegs, "segments, none of which left the host")
	// Output:
	// "" true
	// 2 segments, none of which left the host
}
