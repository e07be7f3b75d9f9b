package tun

import "testing"

// FuzzParseResolvConf reads anything as a resolv.conf. Whatever comes out is an address.
func FuzzParseResolvConf(f *testing.F) {
	f.Add("nameserver 192.0.2.1\nnameserver fe80::1%eth0\n# x\n;y\noptions edns0\nnameserver")
	f.Fuzz(func(t *testing.T, text string) {
		for _, a := range parseResolvConf(text) {
			if !a.IsValid() {
				t.Fatalf("%q gave an invalid address", text)
			}
		}
	})
}
