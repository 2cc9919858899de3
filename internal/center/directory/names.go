package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxName is the longest name or e-mail address, in bytes, before and after it is made comparable.
const MaxName = 256

// ErrName is wrapped by every refusal of a name.
var ErrName = errors.New("invalid name")

// NameError is every refusal of a name, and wraps [ErrName]. Message is English, with a blank for each of Args, and
// stands in the source as it is, so that the web door can say it in other languages.
type NameError struct {
	Of      string // OfUser, OfEmail, or "" for the name that was asked about
	Message string
	Args    []any
}

// What a refused name is of, where there are several.
const (
	OfUser  = "user name"
	OfEmail = "e-mail address"
)

func (e *NameError) Error() string {
	text := ErrName.Error() + ": " + e.Message
	if len(e.Args) > 0 {
		text = ErrName.Error() + ": " + fmt.Sprintf(e.Message, e.Args...)
	}
	if e.Of != "" {
		text = e.Of + ": " + text
	}
	return text
}

// Unwrap is [ErrName].
func (e *NameError) Unwrap() error { return ErrName }

// of says what a refused name is of.
func of(what string, err error) error {
	if e := new(NameError); errors.As(err, &e) {
		named := *e
		named.Of = what
		return &named
	}
	return err
}

// NameKey gives the form in which names and e-mail addresses are compared: surrounding blanks
// removed, compatibility forms and letter case folded (NFKC, Unicode case folding). It refuses, with
// a [*NameError], what a reader could not see or could be misled by: control, format
// and bidirectional characters, zero-width ones, and whatever is not valid UTF-8.
func NameKey(name string) (string, error) {
	switch {
	case len(name) > MaxName:
		return "", &NameError{Message: "longer than %d bytes", Args: []any{MaxName}}
	case !utf8.ValidString(name):
		return "", &NameError{Message: "not UTF-8"}
	}
	for _, r := range name {
		if !legible(r) {
			return "", &NameError{Message: "contains U+%04X", Args: []any{r}}
		}
	}
	// Folding can undo the normal form and the other way round, so both are repeated until nothing
	// changes; a third round has never been seen to change anything.
	key := name
	for range 4 {
		next := strings.TrimSpace(norm.NFKC.String(cases.Fold().String(norm.NFKC.String(key))))
		if next == key {
			break
		}
		key = next
	}
	switch {
	case key == "":
		return "", &NameError{Message: "empty"}
	case len(key) > MaxName:
		return "", &NameError{Message: "longer than %d bytes", Args: []any{MaxName}}
	}
	return key, nil
}

// legible reports whether r leaves a mark (or an honest blank) where it stands.
func legible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Ids made from names, so that the same seed file gives the same ids on every machine. Two things of
// one instance whose names compare equal have the same id.

// InstanceID names an Identity Center deployment: "ssoins-" and 16 hex digits.
func InstanceID(name string) string { return "ssoins-" + hex.EncodeToString(id("instance", name)[:8]) }

// IdentityStoreID names the instance's directory: "d-" and 10 hex digits.
func IdentityStoreID(instanceID string) string {
	return "d-" + hex.EncodeToString(id("identity store", instanceID)[:5])
}

// PermissionSetID is "ps-" and 16 hex digits. Names of permission sets are compared as they are.
func PermissionSetID(instanceID, name string) string {
	return "ps-" + hex.EncodeToString(id("permission set", instanceID, name)[:8])
}

// ClientID is that of a declared OAuth client: "kfc-" and 32 hex digits. Names are compared as they are.
func ClientID(instanceID, name string) string {
	return "kfc-" + hex.EncodeToString(id("OAuth client", instanceID, name)[:16])
}

// UserID is a UUID (version 8: made by a rule of our own, RFC 9562 section 5.8).
func UserID(instanceID, name string) string { return uuid(id("user", instanceID, comparable(name))) }

// GroupID is a UUID like [UserID]'s.
func GroupID(instanceID, name string) string { return uuid(id("group", instanceID, comparable(name))) }

// comparable is NameKey for those who check names elsewhere.
func comparable(name string) string {
	if key, err := NameKey(name); err == nil {
		return key
	}
	return name
}

func id(parts ...string) []byte {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum(nil)
}

func uuid(b []byte) string {
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
