package sigv4_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"

	"keyfob/internal/wire"
)

// Whatever a request claims, it is refused as the service would or its secret is asked for once; and what is
// accepted with the example's secret is not accepted with another.
func FuzzVerify(f *testing.F) {
	for _, v := range vectors() {
		t := &testing.T{}
		r, body := v.request(t)
		var b bytes.Buffer
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err := r.Write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		verify := func(secret string) error {
			asked := 0
			err := exampleVerifier(exampleTime()).Verify(r, body, func(string, wire.Secret) (wire.Secret, error) {
				asked++
				return wire.Secret(secret), nil
			})
			if asked > 1 || err == nil && asked == 0 {
				t.Errorf("the secret was asked for %d times", asked)
			}
			var refused *wire.ServiceError
			if err != nil && (!errors.As(err, &refused) || refused.Status/100 != 4) {
				t.Errorf("error is %v", err)
			}
			return err
		}
		if verify(exampleSecret) == nil && verify("another") == nil {
			t.Error("accepted whatever the secret is")
		}
	})
}
