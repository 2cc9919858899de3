//go:build !unix

package configfile

import "os"

const nonblock = 0

func keepOwner(*os.File, string) error { return nil }

// shared cannot tell: it is not the mode that says so here.
func shared(os.FileMode) bool { return false }
