package wire

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a token, a code, a client secret or a key. It prints redacted however it is printed:
// with fmt, with slog, or as text. Only its JSON and XML encodings, which are what goes over the wire
// and into cache files, and an explicit [Secret.Reveal] give the value away.
type Secret string

// Reveal returns the value itself. Every call is a place to look at in a review.
func (s Secret) Reveal() string { return string(s) }

// String implements [fmt.Stringer].
func (s Secret) String() string { return redactedUnlessEmpty(s) }

// GoString implements [fmt.GoStringer].
func (s Secret) GoString() string { return redactedUnlessEmpty(s) }

// Format implements [fmt.Formatter], so that no verb (%q, %x, %d) reaches the underlying string.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redactedUnlessEmpty(s))) }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redactedUnlessEmpty(s)) }

// MarshalText implements [encoding.TextMarshaler].
func (s Secret) MarshalText() ([]byte, error) { return []byte(redactedUnlessEmpty(s)), nil }

// MarshalJSON gives the value itself: the wire and the cache files are JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(string(s)) }

// UnmarshalJSON is the reverse of MarshalJSON.
func (s *Secret) UnmarshalJSON(b []byte) error {
	var v string
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*s = Secret(v)
	return nil
}

// MarshalXML gives the value itself, as answers of STS carry it.
func (s Secret) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	return e.EncodeElement(string(s), start)
}

// redactedUnlessEmpty tells "nothing there" from "hidden", which is worth knowing in a log.
func redactedUnlessEmpty(s Secret) string {
	if s == "" {
		return ""
	}
	return redacted
}
