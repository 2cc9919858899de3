package cache

import (
	"os"
	"time"
)

// enforceModes is off: Windows folders of a profile are private by their access lists.
const enforceModes = false

const (
	nonblock = 0
	nofollow = 0
)

// replace renames; another program that has the target open makes that fail for a moment.
func replace(root *os.Root, from, to string) error {
	var err error
	for range 20 {
		if err = root.Rename(from, to); err == nil {
			return nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	return err
}

func syncDir(string) error { return nil }
