// Package manual makes the manual pages of a command tree, and keeps a folder of them up to date.
//
// The commands that generate keyfob's pages call it, and the test that holds keyfob-center's against its
// commands. It is part of neither program.
package manual

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// Write replaces what is in dir by the pages of root.
func Write(dir string, root *cobra.Command) error {
	pages, err := pagesOf(root)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), page, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Check returns an error if dir holds anything else than the pages of root.
func Check(dir string, root *cobra.Command) error {
	pages, err := pagesOf(root)
	if err != nil {
		return err
	}
	for name, page := range pages {
		path := filepath.Join(dir, name)
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

// pagesOf makes one page for each command, by its file's name.
func pagesOf(root *cobra.Command) (map[string][]byte, error) {
	all := map[string][]byte{}
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
		header := &doc.GenManHeader{
			Title: strings.ToUpper(strings.ReplaceAll(c.CommandPath(), " ", "-")), Section: "1", Source: root.Name(), Manual: root.Name(), Date: &date,
		}
		long := c.Long
		c.Long = strings.ReplaceAll(long, "\n  ", "\n    ") // what is set off in help is a block in the generator's Markdown
		err := doc.GenMan(c, header, &b)
		if c.Long = long; err != nil {
			return err
		}
		all[strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"] = b.Bytes()
		return nil
	}
	return all, walk(root)
}
