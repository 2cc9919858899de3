package cli

import (
	"keyfob/internal/credentials"
	"keyfob/internal/fastpath"
	"keyfob/internal/sources"
)

// buildExport makes what prints a profile's credentials.
func (a *app) buildExport(format credentials.Format) (*exportOptions, error) {
	o := &exportOptions{Print: a.print, Format: format}
	var before fastpath.Watch
	if format == credentials.FormatProcess {
		// A credential_process has the terminal of whoever runs it.
		a.neverAsk = !a.showsOnTerminal()
		if a.sys.Question != nil {
			before = a.sys.Question.Watch()
		}
	}
	source, err := a.buildSource(&a.global.profile)
	if err != nil {
		return nil, err
	}
	o.Get = source.Get
	if format == credentials.FormatProcess && a.sys.Question != nil && source.Files.Token != "" {
		o.Keep = func(c credentials.Credentials, document []byte) { a.keepAnswer(before, source, c, document) }
	}
	return o, nil
}

// keepAnswer keeps what was just printed for the fast path, if the cache files say the same.
func (a *app) keepAnswer(before fastpath.Watch, source sources.Made, c credentials.Credentials, document []byte) {
	now := a.sys.Clock.Now()
	until := c.ExpiresAt.Add(-credentials.RenewWindow)
	if !now.Before(until) {
		return
	}
	same := func() bool {
		again, ok := source.Kept()
		return ok && again.Equal(c)
	}
	name, content, ok := a.sys.Question.Kept(before, source.Files, document, until.Unix(), now.UnixNano(), same)
	if !ok {
		return
	}
	files, err := a.cache()
	if err == nil {
		err = files.KeepAnswer(name, content, now)
	}
	if err != nil { // a full disk, a read-only home: the next call goes the long way again
		a.log().Debug("the answer could not be kept", "error", err)
	}
}
