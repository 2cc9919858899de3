package scriptedaws

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"keyfob/internal/wire"
)

// RoleCache returns a [Service.Secret] that knows the role credentials which AWS tools have cached in a
// home folder.
func RoleCache(home string) func(accessKeyID string, sessionToken wire.Secret) (wire.Secret, error) {
	return func(id string, token wire.Secret) (wire.Secret, error) {
		files, err := filepath.Glob(filepath.Join(home, ".aws/cli/cache/*.json"))
		if err != nil {
			return "", err
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				return "", err
			}
			var doc struct {
				Credentials struct {
					AccessKeyID     string `json:"AccessKeyId"`
					SecretAccessKey wire.Secret
					SessionToken    wire.Secret
				}
			}
			if json.Unmarshal(b, &doc) == nil && doc.Credentials.AccessKeyID == id && doc.Credentials.SessionToken == token {
				return doc.Credentials.SecretAccessKey, nil
			}
		}
		return "", errors.New("nobody has such keys")
	}
}
