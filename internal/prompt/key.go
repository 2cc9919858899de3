package prompt

// Key is one key press, or text that was typed or pasted.
type Key struct {
	Code Code
	Text string // of Type
}

// Code is which key it is.
type Code int

// The keys that models know. The terminal gives Home for Ctrl-A, End for Ctrl-E, and the like.
const (
	Type Code = iota
	Enter
	Tab
	BackTab
	Backspace
	Delete
	Up
	Down
	Left
	Right
	WordLeft
	WordRight
	Home
	End
	PageUp
	PageDown
	Esc
	Interrupt     // Ctrl-C
	EndOfInput    // Ctrl-D
	EraseToStart  // Ctrl-U
	EraseToEnd    // Ctrl-K
	EraseLastWord // Ctrl-W
)
