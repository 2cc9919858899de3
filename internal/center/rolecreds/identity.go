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

// identity is who the bearer of a token is.
func (m *Minter) identity(s sealed) Identity {
	id := Identity{
		Account: s.Account, ExpiresAt: time.UnixMilli(s.ExpiresAt).UTC(),
		Principal: Principal{Role: s.Role, Session: s.Session, PermissionSet: s.PermissionSet, PersonID: s.PersonID, ServiceUser: s.ServiceUser, MFA: s.MFA},
	}
	var unique string
	switch {
	case s.ServiceUser != "":
		id.ARN = m.arn("iam", s.Account, "user/"+s.ServiceUser)
		id.UserID = "AIDA" + uniqueID(m.digest("service user", s.Account, s.ServiceUser))
		return id
	case s.Role != "":
		unique = uniqueID(m.digest("iam role", s.Account, s.Role))
	default:
		// The role that stands for a permission set in an account has the same suffix and the same
		// unique id whenever it is computed: people put them into policies.
		sum := m.digest("role", s.Account, s.PermissionSet)
		id.Role, id.Session = ReservedPrefix+s.PermissionSet+"_"+hex.EncodeToString(sum[:8]), sessionName(s.UserName)
		unique = uniqueID(sum)
	}
	id.ARN = m.arn("sts", s.Account, "assumed-role/"+id.Role+"/"+id.Session)
	id.UserID = "AROA" + unique + ":" + id.Session
	return id
}

// ReservedPrefix begins the names of the roles that stand for permission sets, and of no others.
const ReservedPrefix = "AWSReservedSSO_"

// digest makes ids of names: the same on every machine, others in another instance.
func (m *Minter) digest(kind, account, name string) [sha256.Size]byte {
	return sha256.Sum256([]byte(kind + "\x00" + m.Instance.ID + "\x00" + account + "\x00" + name))
}

func uniqueID(sum [sha256.Size]byte) string { return base32.StdEncoding.EncodeToString(sum[8:19])[:17] }

func (m *Minter) arn(service, account, resource string) string {
	return fmt.Sprintf("arn:%s:%s::%s:%s", Partition(m.Instance.Region), service, account, resource)
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
