package stack_test

import (
	"fmt"
	"io"
	"log"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// steady sends at one rate, whatever happens. It embeds Reno for what it has nothing to say about, and is a
// tcp.Controller by its last three methods.
type steady struct {
	tcp.Reno
	rate int64 // bytes a second
	best int64 // the highest rate at which the path has delivered
}

func (*steady) Name() string { return "steady" }

// Control follows each ACK: in flight may be what is sent in two round trips.
func (s *steady) Control(_ ip.Time, w *tcp.CongestionWindow, r tcp.RateSample) {
	s.best = max(s.best, r.Rate)
	w.PacingRate = s.rate
	w.Cwnd = max(10*w.MSS, int(2*float64(s.rate)*r.SRTT.Seconds()))
}

func (*steady) Lost(ip.Time, *tcp.CongestionWindow, tcp.LostText) {}
func (*steady) Recovered(ip.Time, *tcp.CongestionWindow)          {}

// Congestion control of your own, under a name of its own, on one of two stacks.
func ExampleConfig_congestion() {
	own := &steady{rate: 5e6}
	cfg := stack.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}}
	cfg.TCP.Algorithms = map[string]func(*tcp.Config) tcp.Congestion{
		"steady": func(*tcp.Config) tcp.Congestion { return own }, // for one connection
	}
	cfg.TCP.Congestion = cfg.TCP.CongestionByName("steady")

	devA, devB := tun.NewPipe(1500)
	a, err := stack.New(devA, cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	b, err := stack.New(devB, stack.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	ln, err := b.Listen("tcp", ":9")
	if err != nil {
		log.Fatal(err)
	}
	got := make(chan int64)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		n, _ := io.Copy(io.Discard, conn)
		got <- n
	}()

	conn, err := a.Dial("tcp", "10.0.0.2:9")
	if err != nil {
		log.Fatal(err)
	}
	conn.Write(make([]byte, 300_000))
	info := conn.(*stack.Conn).Info()
	conn.Close()
	fmt.Println(<-got, "bytes by", info.Congestion)
	fmt.Println("paced at", info.PacingRate, "bytes a second")
	// Output:
	// 300000 bytes by steady
	// paced at 5000000 bytes a second
}
