package httpget_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/sockeye-tcp/sockeye/httpget"
)

// Any dialer will do: a net.Dialer, or the DialContext of a stack of one's own.
func ExampleGet() {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") }))
	defer s.Close()

	var d net.Dialer
	res, err := httpget.Get(context.Background(), d.DialContext, httpget.Request{URL: s.URL, Output: os.Stdout})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Status, res.SizeDownload, res.Times.Connect > 0)
	// Output:
	// hello
	// 200 6 true
}
