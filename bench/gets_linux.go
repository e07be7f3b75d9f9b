package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Pages, each over a connection of its own.

// A browser fetches the page over connections of its own, as cheaply as can be: the connections are what is measured.
type browser struct {
	client *client
	in     *bufio.Reader
	body   bytes.Buffer
}

var request = []byte("GET / HTTP/1.1\r\nHost: server\r\n\r\n")

// get opens a connection, fetches the page and closes the connection.
func (b *browser) get() error {
	conn, err := b.client.dial(portHTTP)
	if err != nil {
		return err
	}
	err = b.fetch(conn)
	return errors.Join(err, conn.Close())
}

func (b *browser) fetch(conn net.Conn) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	b.in.Reset(conn)
	resp, err := http.ReadResponse(b.in, nil)
	if err != nil {
		return err
	}
	b.body.Reset()
	if _, err := io.Copy(&b.body, resp.Body); err != nil {
		return err
	}
	return isPage(b.body.Bytes())
}

// gets fetches the page again and again by a number of workers.
func (c *client) gets(workers int) (map[string]float64, error) {
	browsers := make([]*browser, workers)
	if err := each(workers, func(i int) error {
		browsers[i] = &browser{client: c, in: bufio.NewReader(nil)}
		return browsers[i].get()
	}); err != nil {
		return nil, err
	}
	var begun, done atomic.Int64
	elapsed, _, err := c.measured(func() error {
		start := time.Now()
		return each(workers, func(i int) error {
			for begun.Add(1) <= int64(c.Count) && time.Since(start) < c.Duration {
				if err := browsers[i].get(); err != nil {
					return err
				}
				done.Add(1)
			}
			return nil
		})
	})
	return map[string]float64{"rate": float64(done.Load()) / elapsed}, err
}

// each calls f with 0 to n-1 at once and returns all errors.
func each(n int, f func(i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
