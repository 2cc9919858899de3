package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"

	"keyfob/internal/center/directory"
	"keyfob/internal/wire"
)

// readPassword asks at the terminal, twice and without echo, or reads one line of standard input.
func (o *userOptions) readPassword(ctx context.Context) (wire.Secret, error) {
	if o.Generate {
		p, err := directory.NewPassword(o.Random)
		if err == nil {
			err = o.say("Password: %s\n", p.Reveal())
		}
		return p, err
	}
	fd := int(o.io.in.Fd())
	if !term.IsTerminal(fd) {
		line, err := bufio.NewReader(io.LimitReader(o.io.in, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", usageError{errors.New("there is no password on standard input; --generate makes one up")}
		}
		return wire.Secret(line), nil
	}
	first, err := o.ask(ctx, fd, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := o.ask(ctx, fd, "Once more: ")
	if err == nil && first != again {
		err = usageError{errors.New("the two passwords differ")}
	}
	return first, err
}

// ask reads a line without echo. Ctrl-C ends it, and leaves the terminal as it was.
func (o *userOptions) ask(ctx context.Context, fd int, prompt string) (wire.Secret, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(o.io.err, prompt)
	defer fmt.Fprintln(o.io.err)
	type line struct {
		text []byte
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		b, err := term.ReadPassword(fd)
		typed <- line{b, err}
	}()
	select {
	case l := <-typed:
		return wire.Secret(l.text), l.err
	case <-ctx.Done(): // the read goes on until the program ends, which is now
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}
