//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"keyfob/internal/wire"
)

// replicas shows what one, two and three centers on one database answer in a second, all on this machine.
func (b *bench) replicas(first *instance, dir, database, password string, tokens []wire.CreateTokenResponse) (err error) {
	fmt.Printf("\n| replicas | GetRoleCredentials/s | ListAccounts/s |\n|---:|---:|---:|\n")
	centers := []*instance{first}
	defer func() {
		for _, in := range centers[1:] {
			err = errors.Join(err, in.stop())
		}
	}()
	for {
		var rates [2]float64
		for i, path := range []string{pathCredentials, pathAccounts} {
			if rates[i], err = newLoad(b.connections, portalCall(centers, tokens, path), nil).flood(b.each); err != nil {
				return err
			}
		}
		fmt.Printf("| %8d | %20.0f | %14.0f |\n", len(centers), rates[0], rates[1])
		if len(centers) == 3 {
			return nil
		}
		in, err := start(b.program, dir, database, password)
		if err != nil {
			return err
		}
		centers = append(centers, in)
	}
}

// people shows what it costs that there are many: all of them in a group that has all roles of 500 accounts.
func (b *bench) people() error {
	fmt.Printf("\n| people | all written, s | first answer, ms | idle, MiB | sign-in, ms | GetRoleCredentials p50, ms | p99 | ListAccounts p50, ms | p99 |\n" +
		"|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, n := range []int{10, 1_000, 100_000} {
		if err := b.withPeople(n); err != nil {
			return fmt.Errorf("%d people: %w", n, err)
		}
	}
	return nil
}

func (b *bench) withPeople(n int) error {
	dir, err := os.MkdirTemp(b.dir, "")
	if err != nil {
		return err
	}
	if err := (organisation{accounts: 500, roles: 5, users: n, everybodys: true}).write(dir); err != nil {
		return err
	}
	password := newPassword()
	in, err := start(b.program, dir, "", password)
	if err != nil {
		return err
	}
	written := in.first
	if err := in.stop(); err != nil {
		return err
	}
	if in, err = start(b.program, dir, "", password); err != nil {
		return err
	}
	defer in.stop() //nolint:errcheck // it has answered
	idle, err := in.resident()
	if err != nil {
		return err
	}
	const few = 8
	tokens := make([]wire.CreateTokenResponse, few)
	begun := time.Now()
	for i := range tokens {
		if _, tokens[i], err = in.signIn(context.Background()); err != nil {
			return err
		}
	}
	signIn := time.Since(begun) / few
	var p50, p99 [2]time.Duration
	for i, path := range []string{pathCredentials, pathAccounts} {
		took, err := newLoad(few, portalCall([]*instance{in}, tokens, path), nil).paced(500, b.each)
		if err != nil {
			return err
		}
		p50[i], p99[i] = percentile(took, 0.5), percentile(took, 0.99)
	}
	fmt.Printf("| %d | %.1f | %d | %.0f | %.0f | %.2f | %.2f | %.2f | %.2f |\n", n, written.Seconds(), in.first.Milliseconds(), idle, ms(signIn),
		ms(p50[0]), ms(p99[0]), ms(p50[1]), ms(p99[1]))
	return nil
}
