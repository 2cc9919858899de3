package cli

import (
	"context"
	"errors"
	"io/fs"

	"keyfob/internal/awsconfig"
	"keyfob/internal/configfile"
	"keyfob/internal/credentials"
)

// editFiles makes changes in the shared files. They are tried first, so that what is impossible in one
// file leaves the other one alone, and so that a file where nothing changes is not even locked.
func (a *app) editFiles(ctx context.Context, edits ...fileEdit) ([]editedFile, error) {
	var wanted []fileEdit
	for _, f := range edits {
		before, err := readConfig(f.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		after, err := f.apply(before)
		if err != nil {
			return nil, err
		}
		if string(before) != string(after) {
			wanted = append(wanted, f)
		}
	}
	var changed []editedFile
	for _, f := range wanted {
		done, err := configfile.Update(ctx, f.path, f.apply)
		if err != nil {
			return changed, err
		}
		changed = append(changed, editedFile{f.path, done.Shared})
	}
	return changed, nil
}

func (f fileEdit) apply(before []byte) ([]byte, error) {
	e := awsconfig.Edit(before)
	if err := f.edit(e); err != nil {
		return nil, err
	}
	return e.Bytes(), nil
}

func (a *app) buildConfigureList() (*listOptions, error) {
	c, err := a.loadTalking()
	if err != nil {
		return nil, err
	}
	o := &listOptions{
		Config: c, LookupEnv: a.sys.LookupEnv, Print: a.print, Warn: a.warn, Profile: a.global.profile, Region: a.global.region,
		Cached: func(s *awsconfig.Source) (credentials.Credentials, bool) {
			found, ok := a.world().KeptOf(c, s)
			return found, ok && a.sys.Clock.Now().Before(found.ExpiresAt)
		},
	}
	return o, nil
}
