package lint

import (
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"keyfob/internal/shellquote"
)

const (
	readable fs.FileMode = 0o044
	writable fs.FileMode = 0o022
)

// open returns which of the bits in want are open to others, seeing that a folder that they may not
// enter keeps its files from them.
func (f File) open(want fs.FileMode) bool {
	may := f.Mode & want
	for _, shift := range [...]int{0, 3} {
		if (may>>shift)&0o7 != 0 && (f.Folder>>shift)&0o1 != 0 {
			return true
		}
	}
	return false
}

// modes looks at who may read and write the files.
func (c *check) modes() {
	for _, file := range c.Files {
		f := Finding{Severity: Warning, Code: "file-mode", File: file.Path, Fix: "chmod 600 " + shellquote.Word(file.Path)}
		switch config := file.Path == c.Config.ConfigFile(); {
		case file.open(writable):
			f.Text = "other users of this machine can change the file, and so which programs run (credential_process) and where you sign in"
		case !file.open(readable):
			continue
		case !config || c.hasKeys(file.Path):
			f.Text = "other users of this machine can read the file, which is where keys are kept"
		default:
			f.Severity = Note
			f.Text = "other users of this machine can read the file: your accounts, roles and start URLs"
		}
		c.add(f)
	}
	for _, files := range c.Cache {
		open, folder := 0, ""
		for _, file := range files {
			if file.open(readable | writable) {
				open++
				folder = file.Path[:max(strings.LastIndexAny(file.Path, `/\`), 0)]
			}
		}
		if open == 0 {
			continue
		}
		what := "a file with"
		if open > 1 {
			what = strconv.Itoa(open) + " files with"
		}
		c.add(Finding{
			Severity: Warning, Code: "file-mode", File: folder,
			Text: "other users of this machine can read or change " + what + " tokens or credentials of yours",
			Fix:  "chmod 700 " + shellquote.Word(folder) + " && chmod 600 " + shellquote.Word(folder) + "/*.json",
		})
	}
}

// hasKeys reports whether a file has long-term keys in it.
func (c *check) hasKeys(path string) bool {
	for _, b := range c.Config.Blocks() {
		if b.File == path && slices.Contains(b.Keys, "aws_secret_access_key") {
			return true
		}
	}
	return false
}
