// Command bare is the reference of bench/center: an HTTP server that does nothing but answer with as many
// bytes as the path says.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/{size}", func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.PathValue("size"))
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(bytes.Repeat([]byte("x"), size))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Printf("http://%s\n", l.Addr())
		err = http.Serve(l, mux) //nolint:gosec // on loopback, for as long as a benchmark takes
	}
	fmt.Fprintln(os.Stderr, "bare:", err)
	os.Exit(1)
}
