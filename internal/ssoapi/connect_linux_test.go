package ssoapi

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestConnectTimeout connects to a socket whose queue is full, so that nothing is answered at all.
func TestConnectTimeout(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd) //nolint:errcheck // the test is over
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 4 { // fill the queue
		if c, err := net.DialTimeout("tcp", addr, 100*time.Millisecond); err == nil {
			defer c.Close() //nolint:errcheck // the test is over
		}
	}
	r := newRig(t, func(c *Config) { c.ConnectTimeout, c.MaxAttempts = 100*time.Millisecond, 1 })
	_, err = accounts(r, t.Context(), "http://"+addr)
	if !errors.As(err, new(*ConnectError)) || !strings.HasPrefix(err.Error(), "Connect timeout on endpoint URL: ") {
		t.Errorf("%v", err)
	}
}
