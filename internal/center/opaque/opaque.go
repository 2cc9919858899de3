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

const randomSize = 32 // 256 bits

// New returns a string of the given kind with 256 bits from random, and what to keep of it.
func New(random io.Reader, k Kind) (wire.Secret, store.Hash, error) {
	b := make([]byte, randomSize, randomSize+crc32.Size)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", store.Hash{}, err
	}
	b = binary.BigEndian.AppendUint32(b, checksum(k, b))
	s := wire.Secret(string(k) + base64.RawURLEncoding.EncodeToString(b))
	return s, store.HashSecret(s), nil
}

// Hash returns what is kept of s, if s has the form of the given kind.
func Hash(s wire.Secret, k Kind) (store.Hash, bool) {
	rest, ok := strings.CutPrefix(s.Reveal(), string(k))
	if !ok || len(rest) != base64.RawURLEncoding.EncodedLen(randomSize+crc32.Size) {
		return store.Hash{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(b) != randomSize+crc32.Size || binary.BigEndian.Uint32(b[randomSize:]) != checksum(k, b[:randomSize]) {
		return store.Hash{}, false
	}
	return store.HashSecret(s), true
}

func checksum(k Kind, random []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(k)), crc32.IEEETable, random)
}

// NewID returns an identifier with 128 random bits, for what need not be secret.
func NewID(random io.Reader) (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
