package attacks

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"keyfob/centertest"
)

// DNS rebinding (CWE-350).
//
// Who: the owner of evil.example, whose page ada has open. What they want: to read what a center on her own machine
// answers, as a page of the same origin may. How: their name resolves to 127.0.0.1 the second time, so that the
// page's own requests go to the center, with the page's name as Host, and its answers come back to the page.
//
// What holds them off (63): the center answers to the names that it is reached by and to no other, whatever the path,
// before anything else is looked at. What a proxy in front may say of other hosts is not believed.
func TestAttackDNSRebinding(t *testing.T) {
	center := centertest.New(t)
	address := strings.TrimPrefix(center.URL, "http://")
	_, port, _ := net.SplitHostPort(address)
	b := newBrowser(t)
	b.signIn(center.URL+"/start", "ada", centertest.Password)
	paths := []string{"/", "/start", "/sign-in", "/device", "/authorize", "/healthz", "/token", "/client/register", "/assignment/accounts", "/federation/credentials", "/no-such", "/assets/x"}
	hosts := []string{
		"evil.example", "evil.example:" + port, "127.0.0.1.evil.example:" + port, "localhost.evil.example:" + port, "127.0.0.1:1", "127.0.0.1", "127.0.0.1:" + port + ".evil.example",
		"127.0.0.1:" + port + "@evil.example", "evil.example#127.0.0.1:" + port, "[::1]:1", "127.0.0.2:" + port, "127.1:" + port, "2130706433:" + port, "127.0.0.1.:" + port,
		"localhost:1", "0.0.0.0:" + port, "x" + address, address + "0",
	}
	for _, path := range paths {
		for _, host := range hosts {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
				req := b.request(method, center.URL+path, "application/json", "{}")
				req.Host = host
				req.Header.Set("X-Forwarded-Host", address)
				req.Header.Set("Forwarded", "host="+address)
				req.Header.Set("X-Original-Host", address)
				if a := b.do(req); a.StatusCode != http.StatusMisdirectedRequest && a.StatusCode != http.StatusBadRequest ||
					strings.Contains(a.body, "Production") || a.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s %s of %q is answered %d", method, path, host, a.StatusCode)
				}
			}
		}
	}
	// Its own name does not lead elsewhere, whatever else is said.
	req := b.request(http.MethodGet, center.URL+"/", "", "")
	req.Header.Set("X-Forwarded-Host", "evil.example")
	req.Header.Set("X-Forwarded-Proto", "gopher")
	if a := b.do(req); strings.Contains(a.Header.Get("Location")+a.body, "evil.example") || a.StatusCode/100 == 4 {
		t.Errorf("with another host forwarded: %d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	// What no browser sends, but a machine can.
	for _, head := range []string{
		"GET http://evil.example/start HTTP/1.1\r\nHost: " + address, "GET /start HTTP/1.1\r\nHost: " + address + "\r\nHost: evil.example",
		"GET /start HTTP/1.1", "GET /start HTTP/1.0", "GET /start HTTP/1.1\r\nHost:", "GET //evil.example/ HTTP/1.1\r\nHost: evil.example",
	} {
		status, body := raw(t, address, head)
		if status == http.StatusOK || strings.Contains(body, "Sign in") {
			t.Errorf("%q is answered %d", head, status)
		}
	}
	if status, _ := raw(t, address, "GET /healthz HTTP/1.1\r\nHost: "+address); status != http.StatusOK {
		t.Errorf("what is right is answered %d", status)
	}
}

// raw sends the head of a request as it is.
func raw(t *testing.T, address, head string) (int, string) {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // it was read
	if _, err := fmt.Fprint(c, head+"\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	var b strings.Builder
	_ = resp.Write(&b)
	return resp.StatusCode, b.String()
}
