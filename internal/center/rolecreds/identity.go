package rolecreds

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// identity is who the bearer of a token is. The role that stands for a permission set in an account
// has the same suffix and the same unique id whenever it is computed: people put them into policies.
func (m *Minter) identity(s sealed) Identity {
	sum := sha256.Sum256([]byte("role\x00" + m.Instance.ID + "\x00" + s.Account + "\x00" + s.PermissionSet))
	name := sessionName(s.UserName)
	return Identity{
		Account: s.Account,
		ARN: fmt.Sprintf("arn:%s:sts::%s:assumed-role/AWSReservedSSO_%s_%s/%s",
			Partition(m.Instance.Region), s.Account, s.PermissionSet, hex.EncodeToString(sum[:8]), name),
		UserID:    "AROA" + base32.StdEncoding.EncodeToString(sum[8:19])[:17] + ":" + name,
		ExpiresAt: time.UnixMilli(s.ExpiresAt).UTC(),
	}
}

// sessionName is the person's name as a role session name. A ":" or "/" in it would make an ARN that
// says something else, so everything outside the alphabet of RoleSessionName (letters of any script
// are let through) becomes "_".
func sessionName(user string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_+=,.@-", r) {
			return r
		}
		return '_'
	}, user)
}
