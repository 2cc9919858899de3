package restjson

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"keyfob/internal/wire"
)

// maxBody is the largest request body, in bytes; the largest honest one is a tenth of it.
const maxBody = 64 << 10

// Read reads the body of a POST into the struct that into points to. Refusals are
// InvalidRequestExceptions.
//
// The content type must be JSON, which a page of another origin cannot send without asking first
// (CORS), so that a browser cannot be made to register clients or redeem codes.
func Read(w http.ResponseWriter, r *http.Request, into any) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return invalid(http.StatusUnsupportedMediaType, "The content type must be application/json.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return invalid(http.StatusRequestEntityTooLarge, "The request body is too large.")
	}
	if err != nil {
		return invalid(http.StatusBadRequest, "The request body could not be read.")
	}
	return Decode(body, into)
}

// Decode reads a JSON object into the struct that into points to. It is stricter than encoding/json:
// members must be spelled exactly, come once and be followed by nothing, so that no two readers of a
// request can disagree about it. Members that the struct does not have are ignored.
func Decode(body []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return malformed()
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return malformed()
		}
		if _, again := members[name]; again {
			return invalid(http.StatusBadRequest, "The request body has a member twice.")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return malformed()
		}
		members[name] = value
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return malformed()
	}
	if _, err := d.Token(); err != io.EOF { //nolint:errorlint // Token returns it bare
		return malformed()
	}
	v := reflect.ValueOf(into).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		value, ok := members[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(value, v.Field(i).Addr().Interface()); err != nil {
			return invalid(http.StatusBadRequest, "The member "+name+" has the wrong type.")
		}
	}
	return nil
}

func malformed() error {
	return invalid(http.StatusBadRequest, "The request body is not a JSON object.")
}

func invalid(status int, message string) error {
	return &wire.ServiceError{Code: wire.CodeInvalidRequest, Status: status, Message: message}
}
