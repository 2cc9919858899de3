//go:build !unix

package fastpath

import "io/fs"

const openFlags = 0

// private is the folder's access list's business here.
func private(fs.FileInfo) bool { return true }
