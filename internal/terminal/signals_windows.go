package terminal

import (
	"os"

	"golang.org/x/sys/windows"
)

// needsTERM: a console has no name.
const needsTERM = false

// canDraw has the console understand escape sequences, which those before Windows 10 do not.
func canDraw(out *os.File) bool {
	console := windows.Handle(out.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

// resizes never tells: the next key draws anew.
func resizes() (resized <-chan os.Signal, stop func()) { return nil, func() {} }

func stop() {}

func flush(f *os.File) { _ = windows.FlushConsoleInputBuffer(windows.Handle(f.Fd())) }
