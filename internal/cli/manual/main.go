// Command manual writes keyfob's manual pages from its command tree, or checks that they are up to date.
//
//	go run ./internal/cli/manual docs/man
//	go run ./internal/cli/manual -check docs/man
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"keyfob/internal/cli"
)

func main() {
	check := flag.Bool("check", false, "change nothing; fail if a page is not what it should be")
	flag.Parse()
	if err := run(flag.Arg(0), *check); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	pages, err := pages()
	if err != nil {
		return err
	}
	if !check {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for name, page := range pages {
		path := filepath.Join(dir, name)
		if !check {
			if err := os.WriteFile(path, page, 0o644); err != nil {
				return err
			}
			continue
		}
		if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, page) {
			return fmt.Errorf("%s is not up to date: run make generate", path)
		}
	}
	have, err := os.ReadDir(dir)
	if err == nil && len(have) != len(pages) {
		err = fmt.Errorf("%s holds %d pages where there are %d commands: run make generate", dir, len(have), len(pages))
	}
	return err
}

// pages makes one page for each command, by its file's name.
func pages() (map[string][]byte, error) {
	all := map[string][]byte{}
	root := cli.Root()
	root.DisableAutoGenTag = true
	var walk func(*cobra.Command) error
	walk = func(c *cobra.Command) error {
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				if err := walk(sub); err != nil {
					return err
				}
			}
		}
		var b bytes.Buffer
		date := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) // not the day of generation: pages change when commands do
		header := &doc.GenManHeader{Title: strings.ToUpper(strings.ReplaceAll(c.CommandPath(), " ", "-")), Section: "1", Source: "keyfob", Manual: "keyfob", Date: &date}
		if err := doc.GenMan(c, header, &b); err != nil {
			return err
		}
		all[strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"] = b.Bytes()
		return nil
	}
	return all, walk(root)
}
