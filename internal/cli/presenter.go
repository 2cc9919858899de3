package cli

import (
	"context"
	"fmt"
	"io"

	"keyfob/internal/wire"
)

// presenter tells the person where to sign in, in the AWS CLI's words, which scripts wait for.
type presenter struct {
	out  io.Writer
	open func(ctx context.Context, url string) error // nil with --no-browser
	warn func(format string, args ...any)
}

// OpenURL implements signin.Presenter.
func (p *presenter) OpenURL(ctx context.Context, url string) {
	if p.open == nil {
		p.say("Browser will not be automatically opened.\nPlease visit the following URL:\n\n%s\n", printable(url))
		return
	}
	p.say("Attempting to open your default browser. If the browser does not open, open the following URL.\n"+
		"If you are unable to open the URL on this device, run this command again with the '--use-device-code' option.\n\n%s\n\n", printable(url))
	p.openBrowser(ctx, url)
}

// EnterCode implements signin.Presenter.
func (p *presenter) EnterCode(ctx context.Context, d wire.StartDeviceAuthorizationResponse) {
	code := printable(d.UserCode)
	if p.open == nil {
		p.say("Browser will not be automatically opened.\nPlease visit the following URL:\n\n%s\n\nThen enter the code:\n\n%s\n\n"+
			"Alternatively, you may visit the following URL which will autofill the code upon loading:\n%s\n",
			printable(d.VerificationURI), code, printable(d.VerificationURIComplete))
		return
	}
	p.say("Attempting to open your default browser.\nIf the browser does not open or you wish to use a different device to authorize this request, "+
		"open the following URL:\n\n%s\n\nThen enter the code:\n\n%s\n", printable(d.VerificationURI), code)
	url := d.VerificationURIComplete
	if url == "" {
		url = d.VerificationURI
	}
	p.openBrowser(ctx, url)
}

func (p *presenter) openBrowser(ctx context.Context, url string) {
	if err := p.open(ctx, url); err != nil && ctx.Err() == nil {
		p.warn("no browser was opened (%v): open the URL yourself", err)
	}
}

// say prints what the sign-in cannot go on without; where it cannot be printed, it is said as a warning.
func (p *presenter) say(format string, args ...any) {
	if _, err := fmt.Fprintf(p.out, format, args...); err != nil {
		p.warn("%v: "+format, append([]any{rootCause(err)}, args...)...)
	}
}
