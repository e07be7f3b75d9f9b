package tun_test

import (
	"fmt"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun"
)

// Two devices in memory, one of them behind a slow network.
func Example() {
	a, b := tun.NewPipe(1500)
	defer b.Close()
	imp, err := tun.ParseImpairment("out.delay=10ms,loss=0%")
	if err != nil {
		fmt.Println(err)
		return
	}
	near := tun.Impair(a, imp)
	defer near.Close()

	p := new(ip.Packet)
	p.Reset()
	p.Header = append(p.Header, "a packet"...)
	start := time.Now()
	near.Write([]*ip.Packet{p})

	bufs := make([]*ip.Buffer, 1)
	b.Read(bufs)
	fmt.Printf("%s, late: %t\n", bufs[0].Data, time.Since(start) >= 10*time.Millisecond)
	bufs[0].Free()
	// Output: a packet, late: true
}

func ExampleParseImpairment() {
	imp, err := tun.ParseImpairment("loss=5%,in.loss=1%,delay=20ms,seed=7")
	fmt.Println(imp, err)
	_, err = tun.ParseImpairment("delay=20")
	fmt.Println(err)
	// Output:
	// in.loss=1%,out.loss=5%,delay=20ms,seed=7 <nil>
	// "delay=20": a time is a number with its unit, such as 20ms or 1.5s
}
