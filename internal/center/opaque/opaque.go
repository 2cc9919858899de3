// Package opaque makes the center's random strings: tokens, codes and client secrets, which mean
// nothing to whoever holds them. Each kind has a prefix, so that a secret scanner recognises a leaked
// one and a string of one kind is never taken for another, and a checksum, so that the scanner is
// right and a garbled one needs no look into the store.
//
// The rules (clients, grant, token) call it; it knows neither the store's tables nor what a string
// is for.
package opaque

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strings"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// Kind is the prefix of one kind of string.
type Kind string

// Kinds of strings.
const (
	AccessToken       Kind = "kfat_"
	RefreshToken      Kind = "kfrt_"
	DeviceCode        Kind = "kfdc_"
	AuthorizationCode Kind = "kfac_"
	ClientSecret      Kind = "kfcs_"
)

const (
	randomSize = 32 // 256 bits
	timeSize   = 6  // milliseconds since 1970
)

// New returns a string of the given kind with 256 bits from random, and what to keep of it.
func New(random io.Reader, k Kind) (wire.Secret, store.Hash, error) {
	return newString(random, k, nil)
}

// NewAt is New for strings of which there are very many: they begin with the time, and so does what is kept of them
// (as in a UUID of version 7, RFC 9562 section 5.7). Those made at about the same time are then at about the same
// place in a store, which has few places to write to. Whoever holds one can tell when it was made.
func NewAt(now time.Time, random io.Reader, k Kind) (wire.Secret, store.Hash, error) {
	b := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())) // #nosec G115 -- it is after 1970
	return newString(random, k, b[8-timeSize:])
}

func newString(random io.Reader, k Kind, at []byte) (wire.Secret, store.Hash, error) {
	b := append(make([]byte, 0, timeSize+randomSize+crc32.Size), at...)
	b = b[:len(at)+randomSize]
	if _, err := io.ReadFull(random, b[len(at):]); err != nil {
		return "", store.Hash{}, err
	}
	b = binary.BigEndian.AppendUint32(b, checksum(k, b))
	s := wire.Secret(string(k) + base64.RawURLEncoding.EncodeToString(b))
	return s, kept(s, at), nil
}

// Hash returns what is kept of s, if s has the form of the given kind.
func Hash(s wire.Secret, k Kind) (store.Hash, bool) {
	rest, ok := strings.CutPrefix(s.Reveal(), string(k))
	if !ok || len(rest) > base64.RawURLEncoding.EncodedLen(timeSize+randomSize+crc32.Size) {
		return store.Hash{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	sum := len(b) - crc32.Size
	if err != nil || sum != randomSize && sum != timeSize+randomSize || binary.BigEndian.Uint32(b[sum:]) != checksum(k, b[:sum]) ||
		strings.ContainsAny(rest, "\r\n") { // which the decoder does not mind
		return store.Hash{}, false
	}
	return kept(s, b[:sum-randomSize]), true
}

// kept is the hash of s, in which the time that s begins with is in place of as many bytes.
func kept(s wire.Secret, at []byte) store.Hash {
	h := store.HashSecret(s)
	copy(h[:], at)
	return h
}

func checksum(k Kind, b []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(k)), crc32.IEEETable, b)
}

// NewID returns an identifier with 128 random bits, for what need not be secret.
func NewID(random io.Reader) (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
