//go:build !linux && !darwin

package fastpath

import "io/fs"

// identity has nothing to add to the size and the time of the last write, which is what these systems
// keep for every file.
func identity(fs.FileInfo) [3]uint64 { return [3]uint64{} }
