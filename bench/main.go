//go:build linux

// Command bench measures what a call of keyfob costs, as whole processes: the wall and the CPU time of
// --version, of a warm export-credentials, and of list-profiles with many of them, each over those of an
// empty Go program built with the same flags. Ratios travel between machines, milliseconds do not. The AWS CLI is measured beside them where
// it is installed.
//
// All take turns in one run, so that a busy moment hits all of them, and medians are compared. It ends
// with 1 when a warm call costs more CPU time than its target. `make bench` builds what it measures.
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
	target := flag.Float64("target", 3.0, "the most that a warm call may cost, in CPU `times` of an empty program")
	flag.Parse()
	if err := bench(*program, *rounds, *slowRounds, *target); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(program string, rounds, slowRounds int, target float64) error {
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
	home, err := makeHome(dir)
	if err != nil {
		return err
	}
	export := []string{"configure", "export-credentials", "--profile", profile, "--format", "process"}
	contenders := []*contender{
		{name: "empty Go program", path: empty, home: home, every: 1},
		{name: "keyfob --version", path: program, args: []string{"--version"}, home: home, every: 1},
		{name: "keyfob, warm credentials", path: program, args: export, home: home, every: 1, proof: provesCredentials},
	}
	large, err := makeLargeHome(dir)
	if err != nil {
		return err
	}
	contenders = append(
		contenders,
		&contender{name: "reading 5,000 profiles", path: readFile, args: []string{filepath.Join(large, ".aws", "config")}, home: large, every: 1},
		&contender{name: "keyfob configure list-profiles", path: program, args: []string{"configure", "list-profiles"}, home: large, every: 1, proof: provesProfiles},
	)
	base, warm, reading, listing := contenders[0], contenders[2], contenders[3], contenders[4]
	if slowRounds > 0 {
		aws, cleanUp, err := findAWS(home, export)
		defer cleanUp()
		if err != nil {
			fmt.Println("without the AWS CLI:", err)
		}
		for _, c := range aws {
			c.every = max(1, rounds/slowRounds)
			if err := c.run(); err != nil { // version 1 is on PATH, perhaps, which cannot export
				fmt.Printf("without %s: it failed\n", c.name)
				continue
			}
			contenders = append(contenders, c)
		}
	}
	if err := race(contenders, rounds); err != nil {
		return err
	}
	print(contenders, base)

	fmt.Printf("\nlisting 5,000 profiles takes %.1fx the CPU time of a program that only reads their file\n", median(listing.cpu)/median(reading.cpu))
	cost := median(warm.cpu) / median(base.cpu)
	fmt.Printf("a warm call takes %.1fx the CPU time of an empty program; the target is %.1fx\n", cost, target)
	if cost > target {
		return errors.New("the target is missed")
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
	every      int                // takes part in every so manieth round
	proof      func([]byte) error // looks at stdout; nil for one that prints nothing of interest

	wall, cpu []time.Duration
}

func (c *contender) run() error {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(c.path, c.args...)
	cmd.Dir = "/"
	cmd.Env = []string{"HOME=" + c.home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "AWS_EC2_METADATA_DISABLED=true"}
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
			if i%c.every != 0 {
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

func print(all []*contender, base *contender) {
	fmt.Printf("%-34s %6s %10s %8s %10s %8s\n", "medians", "runs", "wall ms", "x", "CPU ms", "x")
	for _, c := range all {
		wall, cpu := median(c.wall), median(c.cpu)
		fmt.Printf("%-34s %6d %10.2f %8.1f %10.2f %8.1f\n", c.name, len(c.wall),
			wall/1e6, wall/median(base.wall), cpu/1e6, cpu/median(base.cpu))
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
