//go:build linux

// Command bench measures what a call of keyfob costs, as whole processes: the wall and the CPU time of
// --version, of credentials that are cached, that one call to the portal gets, over http and TLS, or that
// take a refresh first, and of list-profiles with many of them, each over those of an empty Go program
// built with the same flags. Ratios travel between machines, milliseconds do not. The AWS CLI is measured
// beside them where it is installed.
//
// All take turns in one run, so that a busy moment hits all of them, and medians are compared. It prints
// the README's table and ends with 1 when a target is missed. `make bench` builds what it measures.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	program := flag.String("keyfob", "bin/keyfob", "the program to measure, a `path`")
	rounds := flag.Int("rounds", 300, "how often each is run")
	slowRounds := flag.Int("aws-rounds", 12, "how often the AWS CLI is run; 0 leaves it out")
	flag.Parse()
	if err := bench(*program, *rounds, *slowRounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(program string, rounds, slowRounds int) error {
	if rounds < 1 {
		return errors.New("nothing to measure: -rounds must be 1 or more")
	}
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "keyfob-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	empty, readFile := filepath.Join(dir, "empty"), filepath.Join(dir, "readfile")
	if err := errors.Join(buildReference(empty), buildReference(readFile)); err != nil {
		return err
	}
	s, err := newService(dir)
	if err != nil {
		return err
	}
	defer s.close()
	base := &contender{name: "empty Go program", path: empty}
	all, warm, err := calls(program, dir, s)
	if err != nil {
		return err
	}
	large, err := makeLargeHome(dir)
	if err != nil {
		return err
	}
	reading := &contender{name: "a program that reads 5,000 profiles", path: readFile, args: []string{filepath.Join(large, ".aws", "config")}}
	listing := &contender{name: "keyfob configure list-profiles, 5,000", path: program, args: []string{"configure", "list-profiles"}, home: large, proof: provesProfiles}
	all = append(append([]*contender{base}, all...), reading, listing)

	var aws *contender
	if slowRounds > 0 {
		found, cleanUp, err := findAWS(warm.home, []string{"configure", "export-credentials", "--profile", profile, "--format", "process"})
		defer cleanUp()
		if err != nil {
			fmt.Println("without the AWS CLI:", err)
		}
		for _, c := range found {
			c.every = max(1, rounds/slowRounds)
			if err := c.run(); err != nil { // version 1 is on PATH, perhaps, which cannot export
				fmt.Printf("without %s: it failed\n", c.name)
				continue
			}
			all, aws = append(all, c), c
		}
	}
	if err := race(all, rounds); err != nil {
		return err
	}
	print(all, base)
	return errors.Join(judge(all, base), judgeAWS(aws, warm, reading, listing))
}

// calls are keyfob's, each in a home of its own, and the one whose credentials are cached.
func calls(program, dir string, s service) (all []*contender, warm *contender, err error) {
	process := []string{"process", "--profile", profile}
	all = []*contender{
		{name: "keyfob --version", args: []string{"--version"}, target: 2},
		{name: "keyfob process, cached", args: process, target: 2},
		{name: "keyfob configure export-credentials, cached", args: []string{"configure", "export-credentials", "--profile", profile}},
		{name: "keyfob process, one call, http", args: process, target: 4},
		{name: "keyfob process, one call, TLS", args: process, target: 7},
		{name: "keyfob process, refresh and one call, http", args: process, target: 5},
	}
	endpoints := []string{nowhere, nowhere, nowhere, s.plain, s.secure, s.plain}
	for i, c := range all {
		h, err := makeHome(dir, endpoints[i])
		if err != nil {
			return nil, nil, err
		}
		c.path, c.home, c.env = program, h.path, []string{"SSL_CERT_FILE=" + s.bundle}
		if i > 0 {
			c.proof = provesCredentials
		}
		switch i {
		case 3, 4:
			c.before = h.forget
		case 5:
			c.before = h.expire
		}
	}
	return all, all[1], nil
}

// judge says which targets are missed.
func judge(all []*contender, base *contender) (missed error) {
	for _, c := range all {
		if cost := median(c.cpu) / median(base.cpu); c.target > 0 && cost > c.target {
			missed = errors.Join(missed, fmt.Errorf("%s takes %.2fx, the target is %.1fx", c.name, cost, c.target))
		}
	}
	return missed
}

func judgeAWS(aws, warm, reading, listing *contender) error {
	fmt.Printf("\nlisting 5,000 profiles takes %.1fx the CPU time of a program that only reads their file\n", median(listing.cpu)/median(reading.cpu))
	if aws == nil {
		return nil
	}
	times := median(aws.cpu) / median(warm.cpu)
	fmt.Printf("for cached credentials the AWS CLI takes %.0fx the CPU time of keyfob\n", times)
	if times < 100 {
		return errors.New("the target is 100x")
	}
	return nil
}

// buildReference builds one of the programs below with the flags of `make build`.
func buildReference(path string) error {
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, "./bench/"+filepath.Base(path))
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./bench/%s: %w\n%s", filepath.Base(path), err, out)
	}
	return nil
}

// contender is a program that takes part, and what its runs took.
type contender struct {
	name, path string
	args       []string
	home       string             // HOME
	root       string             // the root folder it runs in, "" for this machine's
	every      int                // takes part in every so manieth round, 0 for each
	env        []string           // beside the usual
	target     float64            // the most CPU time it may take, in those of an empty program; 0 for none
	before     func() error       // prepares a run; nil for one that finds what the last one left
	proof      func([]byte) error // looks at stdout; nil for one that prints nothing of interest

	wall, cpu []time.Duration
}

func (c *contender) run() error {
	if c.before != nil {
		if err := c.before(); err != nil {
			return err
		}
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(c.path, c.args...)
	cmd.Dir = "/"
	cmd.Env = []string{"HOME=" + c.home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "AWS_EC2_METADATA_DISABLED=true"}
	cmd.Env = append(cmd.Env, c.env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if c.root != "" {
		cmd.SysProcAttr = inRoot(c.root)
	}
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err == nil && c.proof != nil {
		err = c.proof(stdout.Bytes())
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", c.name, err, stderr.Bytes())
	}
	c.wall = append(c.wall, wall)
	c.cpu = append(c.cpu, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	return nil
}

// race lets all run in turn, each round starting with another one. What runs first in it is not counted:
// it finds cold files.
func race(all []*contender, rounds int) error {
	for _, c := range all {
		if err := c.run(); err != nil {
			return err
		}
		c.wall, c.cpu = nil, nil
	}
	for i := range rounds {
		for j := range all {
			c := all[(i+j)%len(all)]
			if i%max(1, c.every) != 0 {
				continue
			}
			if err := c.run(); err != nil {
				return err
			}
		}
	}
	return nil
}

func median(d []time.Duration) float64 {
	s := slices.Sorted(slices.Values(d))
	if n := len(s); n%2 == 0 {
		return float64(s[n/2-1]+s[n/2]) / 2
	}
	return float64(s[len(s)/2])
}

// print writes the table as Markdown.
func print(all []*contender, base *contender) {
	fmt.Printf("| %-43s | %4s | %8s | %6s | %8s | %6s | %6s |\n", "", "runs", "wall, ms", "x", "CPU, ms", "x", "at most")
	fmt.Println("|---|---:|---:|---:|---:|---:|---:|")
	for _, c := range all {
		wall, cpu, target := median(c.wall), median(c.cpu), ""
		if c.target > 0 {
			target = fmt.Sprintf("%.1f", c.target)
		}
		fmt.Printf("| %-43s | %4d | %8.2f | %6.2f | %8.2f | %6.2f | %7s |\n", c.name, len(c.wall),
			wall/1e6, wall/median(base.wall), cpu/1e6, cpu/median(base.cpu), target)
	}
}

// provesProfiles makes sure that all profiles were listed.
func provesProfiles(stdout []byte) error {
	if n := bytes.Count(stdout, []byte("\n")); n != manyProfiles {
		return fmt.Errorf("printed %d profiles", n)
	}
	return nil
}

// provesCredentials makes sure that it was the cached credentials that were printed.
func provesCredentials(stdout []byte) error {
	var got struct {
		AccessKeyID string `json:"AccessKeyId"`
	}
	if err := json.Unmarshal(stdout, &got); err != nil {
		return fmt.Errorf("printed %q: %w", stdout, err)
	}
	if got.AccessKeyID != accessKeyID {
		return fmt.Errorf("printed credentials other than the cached ones: %q", stdout)
	}
	return nil
}
