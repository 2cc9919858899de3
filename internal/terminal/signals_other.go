//go:build !unix

package terminal

import "os"

func resizes() (resized <-chan os.Signal, stop func()) { return nil, func() {} }

func stop() {}

func flush(*os.File) {}
