package main

import "runtime"

// isDesktop reports whether the system always has a browser to open.
func isDesktop() bool { return runtime.GOOS == "darwin" || runtime.GOOS == "windows" }
