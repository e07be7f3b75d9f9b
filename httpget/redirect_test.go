package httpget

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// redirecting answers /301 and the like with that status and a Location of
// /end, and everything else with what it was asked.
func redirecting(w http.ResponseWriter, r *http.Request) {
	var status int
	if n, _ := fmt.Sscanf(r.URL.Path, "/%d", &status); n == 1 {
		w.Header().Set("Location", "/end")
		w.WriteHeader(status)
		fmt.Fprint(w, "moved")
		return
	}
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %q", r.Method, r.Header.Get("Content-Type"), body)
}

func TestRedirectMethods(t *testing.T) {
	s := webServer(t, false, redirecting)
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name   string
		status int
		req    Request
		want   string
	}{
		{"GET stays GET", 301, Request{}, `GET  ""`},
		{"POST becomes GET", 301, Request{Body: []byte("x")}, `GET  ""`},
		{"POST becomes GET", 302, Request{Body: []byte("x")}, `GET  ""`},
		{"POST becomes GET", 303, Request{Body: []byte("x")}, `GET  ""`},
		{"POST stays POST", 307, Request{Body: []byte("x")}, `POST ` + form + ` "x"`},
		{"POST stays POST", 308, Request{Body: []byte("x")}, `POST ` + form + ` "x"`},
		{"a method asked for stays", 302, Request{Method: "PUT", Body: []byte("x")}, `PUT  ""`},
	} {
		t.Run(fmt.Sprint(tt.status, " ", tt.name), func(t *testing.T) {
			tt.req.URL, tt.req.Follow, tt.req.MaxRedirects = fmt.Sprint(s.URL, "/", tt.status), true, 5
			got := fetch(t, newClient(t), tt.req)
			if got.Err != nil || got.body != tt.want {
				t.Errorf("error %v, body %s, want %s", got.Err, got.body, tt.want)
			}
			if got.NumRedirects != 1 || got.NumConnects != 1 || len(got.Hops) != 2 || got.Hops[0].Status != tt.status {
				t.Errorf("%d redirects, %d connections, hops %+v", got.NumRedirects, got.NumConnects, got.Hops)
			}
			if got.EffectiveURL != s.URL+"/end" || got.Times.Redirect <= 0 || strings.Count(got.header, "HTTP/1.1 ") != 2 {
				t.Errorf("effective URL %s, redirect time %v, header %q", got.EffectiveURL, got.Times.Redirect, got.header)
			}
		})
	}
}

func TestHeadStaysHead(t *testing.T) {
	var methods []string
	s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		methods = append(methods, r.Method)
		redirecting(w, r)
	})
	fetch(t, newClient(t), Request{URL: s.URL + "/303", NoBody: true, Follow: true, MaxRedirects: 5})
	if want := []string{"HEAD", "HEAD"}; !slices.Equal(methods, want) {
		t.Errorf("got %v, want %v", methods, want)
	}
}

func TestRedirectNotFollowed(t *testing.T) {
	s := webServer(t, false, redirecting)
	got := fetch(t, newClient(t), Request{URL: s.URL + "/302"})
	if got.Err != nil || got.body != "moved" || got.RedirectURL != s.URL+"/end" {
		t.Errorf("error %v, body %q, redirect URL %s", got.Err, got.body, got.RedirectURL)
	}
}

func TestRedirectLimit(t *testing.T) {
	s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	for _, limit := range []int{0, 1, 3} {
		got := fetch(t, newClient(t), Request{URL: s.URL, Follow: true, MaxRedirects: limit})
		if got.Err == nil || got.Err.Code != TooManyRedirects || got.NumRedirects != limit || len(got.Hops) != limit+1 {
			t.Errorf("limit %d: error %v, %d redirects, %d hops", limit, got.Err, got.NumRedirects, len(got.Hops))
		}
		if got.RedirectURL != s.URL+"/" {
			t.Errorf("limit %d: redirect URL %s, want %s/", limit, got.RedirectURL, s.URL)
		}
	}
}

func TestCredentialsStayWithTheirOrigin(t *testing.T) {
	var seen []string
	note := func(r *http.Request) {
		seen = append(seen, fmt.Sprintf("%s auth=%q cookie=%q other=%q", r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("X-Other")))
	}
	var home string
	away := webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		http.Redirect(w, r, home+"/back", http.StatusFound)
	})
	s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		switch r.URL.Path {
		case "/start":
			http.Redirect(w, r, "/same", http.StatusFound)
		case "/same":
			http.Redirect(w, r, away.URL+"/away", http.StatusFound)
		}
	})
	home = s.URL
	const basic = "Basic dTpw"
	for _, tt := range []struct {
		name string
		req  Request
		url  string
		auth string
	}{
		{"user", Request{User: "u:p"}, s.URL, basic},
		{"field", Request{Header: http.Header{"authorization": {"Bearer x"}}}, s.URL, "Bearer x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen = nil
			tt.req.URL, tt.req.Follow, tt.req.MaxRedirects = tt.url+"/start", true, 5
			if tt.req.Header == nil {
				tt.req.Header = http.Header{}
			}
			tt.req.Header["Cookie"], tt.req.Header["X-Other"] = []string{"c"}, []string{"o"}
			if got := fetch(t, newClient(t), tt.req); got.Err != nil {
				t.Fatal(got.Err)
			}
			with := fmt.Sprintf(" auth=%q cookie=\"c\" other=\"o\"", tt.auth)
			want := []string{"/start" + with, "/same" + with, `/away auth="" cookie="" other="o"`, "/back" + with}
			if !slices.Equal(seen, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestCredentialsInTheURL(t *testing.T) {
	s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		fmt.Fprint(w, user, " ", password)
	})
	got := fetch(t, newClient(t), Request{URL: "http://a%40b:c%3ad@" + s.Listener.Addr().String()})
	if want := "a@b c:d"; got.body != want {
		t.Errorf("got %q, want %q", got.body, want)
	}
}

func TestAutoReferer(t *testing.T) {
	var seen []string
	s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Referer())
		redirecting(w, r)
	})
	url := "http://u:p@" + s.Listener.Addr().String() + "/302#f"
	fetch(t, newClient(t), Request{URL: url, Referer: "http://from/", AutoReferer: true, Follow: true, MaxRedirects: 5})
	if want := []string{"http://from/", s.URL + "/302"}; !slices.Equal(seen, want) {
		t.Errorf("got %v, want %v", seen, want)
	}
}

func TestLongRedirectBodyIsNotWaitedFor(t *testing.T) {
	s := webServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			fmt.Fprint(w, "end")
			return
		}
		w.Header().Set("Location", "/end")
		w.WriteHeader(http.StatusFound)
		for r.Context().Err() == nil { // until the client hangs up
			w.Write(make([]byte, 1<<16))
		}
	})
	got := fetch(t, newClient(t), Request{URL: s.URL, Follow: true, MaxRedirects: 5})
	if got.Err != nil || got.body != "end" || got.NumConnects != 2 {
		t.Errorf("error %v, body %q, %d connections", got.Err, got.body, got.NumConnects)
	}
}
